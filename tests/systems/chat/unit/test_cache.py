"""The cache: one computation per question and time, and no request lost to a broken cache."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import msgspec
import pytest

from chat.cache import FAILURE, HIT, MISS, Cache, Memory, Unreachable, key_of
from chat.settings import Settings


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Broken:
    """A cache that cannot be reached."""

    def _fail(self, *_: object) -> NoReturn:
        raise Unreachable

    get = put = lease = release = _fail


class Answer(msgspec.Struct):
    value: int


@pytest.mark.requirement("T-58", "T-59")
def test_an_answer_is_computed_once_until_it_is_too_old_and_counted() -> None:
    clock, seen, computed = Clock(), Counter[str](), Counter[str]()
    cache = Cache(Memory(clock=clock), 600, lambda name: seen.update([name]))

    def compute() -> Answer:
        computed["times"] += 1
        return Answer(computed["times"])

    for moment, expected in ((0, 1), (599, 1), (601, 2), (602, 2)):
        clock.now = moment
        assert cache.answer(("module", 7), Answer, compute).value == expected
    assert seen == {HIT: 2, MISS: 2}


@pytest.mark.requirement("T-58")
def test_the_time_that_answers_are_kept_is_five_to_fifteen_minutes() -> None:
    assert msgspec.convert({}, Settings).cache_seconds == 600
    for seconds in (299, 901):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"cache_seconds": seconds}, Settings)


def test_questions_of_different_viewers_are_different() -> None:
    assert key_of(("student", 1, "staff")) != key_of(("student", 1, "student 1"))
    assert key_of(("student", 1, "staff")) == key_of(("student", 1, "staff"))


def test_a_broken_cache_fails_no_request_and_is_counted() -> None:
    seen = Counter[str]()
    cache = Cache(Broken(), 600, lambda name: seen.update([name]))
    assert cache.answer(("q",), Answer, lambda: Answer(1)) == Answer(1)
    assert seen == {FAILURE: 1, MISS: 1}


def test_an_error_is_not_kept_and_lets_the_next_one_compute() -> None:
    cache = Cache(Memory(), 600, lambda _: None)

    def fail() -> Answer:
        raise ValueError("no answer")

    with pytest.raises(ValueError, match="no answer"):
        cache.answer(("q",), Answer, fail)
    assert cache.answer(("q",), Answer, lambda: Answer(1)) == Answer(1)


def test_what_another_version_kept_is_computed_again() -> None:
    memory = Memory()
    memory.put(key_of(("q",)), b'{"other":true}', 600)
    cache = Cache(memory, 600, lambda _: None)
    assert cache.answer(("q",), Answer, lambda: Answer(3)) == Answer(3)
    assert cache.answer(("q",), Answer, lambda: Answer(4)) == Answer(3)


def test_of_many_who_ask_at_once_one_computes() -> None:
    cache, computed, many = Cache(Memory(), 600, lambda _: None), Counter[str](), 8
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
    memory = Memory(entries=2)
    memory.put("a", b"1", 600)
    memory.put("b", b"2", 600)
    assert memory.get("a") == b"1"
    memory.put("c", b"3", 600)
    assert (memory.get("a"), memory.get("b"), memory.get("c")) == (b"1", None, b"3")
