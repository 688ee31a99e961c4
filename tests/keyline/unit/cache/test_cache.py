"""The cache: one computation per question and time, and no request lost to a broken cache."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import NoReturn

import msgspec
import pytest

from keyline.cache import FAILURE, HIT, MISS, Cache, CacheSettings, Memory, UnreachableError
from keyline.cache.backend import LEASE_SECONDS
from keyline.cache.cache import WAIT_SECONDS
from tests.keyline.unit.cache.clock import Clock

SECONDS = 600
ENTRIES = 500
PREFIX = "notes:"


class Broken:
    """A cache that cannot be reached."""

    def _fail(self, *_: object) -> NoReturn:
        raise UnreachableError

    get = put = lease = release = _fail


class Answer(msgspec.Struct):
    value: int


def in_memory() -> Cache:
    return Cache(Memory(SECONDS, ENTRIES), PREFIX, lambda _: None)


@pytest.mark.requirement("T-58", "T-59")
def test_an_answer_is_computed_once_until_it_is_too_old_and_counted() -> None:
    clock, seen, computed = Clock(), Counter[str](), Counter[str]()
    cache = Cache(Memory(SECONDS, ENTRIES, clock), PREFIX, lambda name: seen.update([name]))

    def compute() -> Answer:
        computed["times"] += 1
        return Answer(computed["times"])

    for moment, expected in ((0, 1), (599, 1), (601, 2), (602, 2)):
        clock.now = moment
        assert cache.answer(("module", 7), Answer, compute).value == expected
    assert seen == {HIT: 2, MISS: 2}


def test_questions_of_different_viewers_are_different() -> None:
    key_of = in_memory().key_of
    assert key_of(("student", 1, "staff")) != key_of(("student", 1, "student 1"))
    assert key_of(("student", 1, "staff")) == key_of(("student", 1, "staff"))


def test_a_key_begins_with_the_prefix_and_is_of_fixed_length() -> None:
    keys = [in_memory().key_of((text,)) for text in ("", "é" * 5_000)]
    assert all(re.fullmatch(r"notes:[0-9a-f]{64}", key) for key in keys)
    assert keys[0] != keys[1]


def test_a_broken_cache_fails_no_request_and_is_counted() -> None:
    seen = Counter[str]()
    cache = Cache(Broken(), PREFIX, lambda name: seen.update([name]))
    assert cache.answer(("q",), Answer, lambda: Answer(1)) == Answer(1)
    assert seen == {FAILURE: 1, MISS: 1}


def test_an_error_is_not_kept_and_lets_the_next_one_compute() -> None:
    cache = in_memory()

    def fail() -> Answer:
        raise ValueError("no answer")

    with pytest.raises(ValueError, match="no answer"):
        cache.answer(("q",), Answer, fail)
    assert cache.answer(("q",), Answer, lambda: Answer(1)) == Answer(1)


def test_what_another_version_kept_is_computed_again() -> None:
    memory = Memory(SECONDS, ENTRIES)
    cache = Cache(memory, PREFIX, lambda _: None)
    memory.put(cache.key_of(("q",)), b'{"other":true}')
    assert cache.answer(("q",), Answer, lambda: Answer(3)) == Answer(3)
    assert cache.answer(("q",), Answer, lambda: Answer(4)) == Answer(3)


def test_of_many_who_ask_at_once_one_computes() -> None:
    cache, computed, many = in_memory(), Counter[str](), 8
    together = threading.Barrier(many)

    def compute() -> Answer:
        computed["times"] += 1
        return Answer(1)

    def ask(_: int) -> Answer:
        together.wait()
        return cache.answer(("q",), Answer, compute)

    with ThreadPoolExecutor(many) as pool:
        assert list(pool.map(ask, range(many))) == [Answer(1)] * many
    assert computed["times"] == 1


def test_memory_keeps_the_latest_used_of_a_bounded_number() -> None:
    memory = Memory(SECONDS, entries=2)
    memory.put("a", b"1")
    memory.put("b", b"2")
    assert memory.get("a") == b"1"
    memory.put("c", b"3")
    assert (memory.get("a"), memory.get("b"), memory.get("c")) == (b"1", None, b"3")


def test_a_lease_is_one_caller_s_until_it_ends_or_is_too_old() -> None:
    clock = Clock()
    memory = Memory(SECONDS, ENTRIES, clock)
    assert memory.lease("a")
    assert not memory.lease("a")
    assert memory.lease("b")
    memory.release("a")
    assert memory.lease("a")
    clock.now = LEASE_SECONDS - 1
    assert not memory.lease("a")
    clock.now = LEASE_SECONDS
    assert memory.lease("a")


def test_a_lease_that_is_not_ended_holds_a_request_for_a_while_alone() -> None:
    memory, slept = Memory(SECONDS, ENTRIES), list[float]()
    cache = Cache(memory, PREFIX, lambda _: None, sleep=slept.append)
    assert memory.lease(cache.key_of(("q",)))
    assert cache.answer(("q",), Answer, lambda: Answer(1)) == Answer(1)
    assert sum(slept) == pytest.approx(WAIT_SECONDS)
    assert not memory.lease(cache.key_of(("q",)))  # the lease of another is not ended


def test_the_lease_ends_with_the_answer_and_with_an_error() -> None:
    memory = Memory(SECONDS, ENTRIES)
    cache = Cache(memory, PREFIX, lambda _: None)

    def compute(error: Exception | None) -> Answer:
        assert not memory.lease(key)
        if error:
            raise error
        return Answer(1)

    for name, error in (("q", None), ("r", ValueError("no answer"))):
        key = cache.key_of((name,))
        with suppress(ValueError):
            cache.answer((name,), Answer, partial(compute, error))
        assert memory.lease(key)


def test_a_request_that_waits_is_answered_as_soon_as_the_answer_is_kept() -> None:
    memory, slept = Memory(SECONDS, ENTRIES), list[float]()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            memory.put(cache.key_of(("q",)), b'{"value":7}')

    cache = Cache(memory, PREFIX, lambda _: None, sleep=sleep)
    assert memory.lease(cache.key_of(("q",)))
    assert cache.answer(("q",), Answer, lambda: Answer(1)) == Answer(7)
    assert len(slept) == 2


def test_settings_without_a_url_keep_answers_in_the_process() -> None:
    cache = Cache.of(CacheSettings(PREFIX, SECONDS, entries=1), lambda _: None)
    for name, value, expected in (("q", 1, 1), ("q", 2, 1), ("r", 3, 3), ("q", 4, 4)):
        assert cache.answer((name,), Answer, partial(Answer, value)) == Answer(expected)


def test_the_redis_library_is_imported_where_a_url_is_configured_alone() -> None:
    code = (
        "import sys; sys.modules['redis'] = None\n"
        "from keyline.cache import Cache, CacheSettings\n"
        "Cache.of(CacheSettings('notes:', 600), print)\n"
        "try: Cache.of(CacheSettings('notes:', 600, 'redis://127.0.0.1:1/0'), print)\n"
        "except ModuleNotFoundError as error: print(error.name)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "redis"


def test_a_function_without_a_cache_imports_nothing_of_it() -> None:
    code = (
        "import sys; import keyline.http, keyline.metrics, keyline.run, keyline.stream\n"
        "print([name for name in sys.modules if name.startswith('keyline.cache')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
