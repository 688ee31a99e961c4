"""Values in the process: young enough, never too heavy, the least recently used gone first."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyline.cache import LRU
from tests.keyline.unit.cache.clock import Clock

SECONDS = 300
KEYS = "abcd"
MOST = 10

Step = tuple[str, str, int, float]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "add", "get", "remove", "move the clock"]),
        st.sampled_from(KEYS),
        st.integers(0, MOST + 2),  # a weight
        st.floats(-2 * SECONDS, 2 * SECONDS),  # a time relative to now
    ),
    max_size=60,
)


@pytest.mark.parametrize(
    ("age", "is_answered"), [(0, True), (SECONDS - 1, True), (SECONDS, False), (SECONDS + 1, False)]
)
def test_a_value_is_answered_until_it_is_too_old(age: float, is_answered: bool) -> None:
    clock = Clock()
    kept: LRU[str, int] = LRU(SECONDS, MOST, clock=clock)
    kept.put("a", 1)
    clock.now += age
    assert kept.get("a") == (1 if is_answered else None)


def test_an_age_is_counted_from_the_time_that_is_given() -> None:
    clock = Clock()
    kept: LRU[str, int] = LRU(SECONDS, MOST, clock=clock)
    kept.put("a", 1, since=-200.0)
    clock.now = 99
    assert kept.get("a") == 1
    clock.now = 100
    assert kept.get("a") is None


def test_a_value_of_the_future_is_not_used() -> None:
    clock = Clock()
    kept: LRU[str, int] = LRU(SECONDS, MOST, clock=clock)
    kept.put("a", 1, since=1.0)
    assert kept.get("a") is None
    kept.put("b", 2)
    clock.now = -1
    assert kept.get("b") is None
    assert not kept.is_young(0.0)
    assert kept.is_young(-1.0)


def test_a_value_that_is_too_old_makes_no_other_leave() -> None:
    clock = Clock()
    kept: LRU[str, int] = LRU(SECONDS, 1, clock=clock)
    kept.put("a", 1)
    kept.put("b", 2, since=-float(SECONDS))
    assert (kept.get("a"), kept.get("b")) == (1, None)


def test_a_value_that_is_heavier_than_all_may_be_makes_no_other_leave() -> None:
    kept: LRU[str, int] = LRU(SECONDS, MOST, weigh=lambda value: value)
    kept.put("a", MOST - 1)
    kept.put("b", MOST + 1)
    assert (kept.get("a"), kept.get("b")) == (MOST - 1, None)


def test_no_seconds_keep_nothing() -> None:
    kept: LRU[str, int] = LRU(0, MOST, clock=Clock())
    kept.put("a", 1)
    assert kept.get("a") is None


def test_the_least_recently_used_goes_first() -> None:
    kept: LRU[str, int] = LRU(SECONDS, 2)
    kept.put("a", 1)
    kept.put("b", 2)
    assert kept.get("a") == 1
    kept.put("c", 3)
    assert [kept.get(key) for key in "abc"] == [1, None, 3]


def test_as_many_go_as_the_weight_of_a_new_value_needs() -> None:
    kept: LRU[str, int] = LRU(SECONDS, MOST, weigh=lambda value: value)
    for key, weight in (("a", 3), ("b", 3), ("c", 4), ("d", 5)):
        kept.put(key, weight)
    assert [kept.get(key) for key in "abcd"] == [None, None, 4, 5]


def test_a_value_in_place_of_another_weighs_alone() -> None:
    kept: LRU[str, int] = LRU(SECONDS, MOST, weigh=lambda value: value)
    kept.put("a", 1)
    for _ in range(3):
        kept.put("b", MOST - 1)
    assert (kept.get("a"), kept.get("b")) == (1, MOST - 1)


def test_a_value_that_was_removed_is_gone_with_its_weight() -> None:
    kept: LRU[str, int] = LRU(SECONDS, MOST, weigh=lambda value: value)
    kept.put("a", MOST)
    kept.remove("a")
    kept.remove("a")
    assert kept.get("a") is None
    kept.put("b", 5)
    kept.put("c", 5)
    assert (kept.get("b"), kept.get("c")) == (5, 5)


def test_a_value_is_added_where_none_is_young_enough() -> None:
    clock = Clock()
    kept: LRU[str, int] = LRU(SECONDS, MOST, clock=clock)
    assert kept.add("a", 1)
    assert not kept.add("a", 2)
    assert kept.get("a") == 1
    clock.now = SECONDS
    assert kept.add("a", 3)
    assert kept.get("a") == 3


@given(STEPS)
def test_it_never_exceeds_its_weight_and_never_answers_what_is_too_old(steps: list[Step]) -> None:
    clock = Clock()
    kept: LRU[str, tuple[int, int, float]] = LRU(SECONDS, MOST, lambda value: value[0], clock)
    latest: dict[str, tuple[int, int, float]] = {}
    for number, (what, key, weight, time) in enumerate(steps):
        value = (weight, number, clock.now)
        if what == "put":
            latest[key] = (weight, number, clock.now + time)
            kept.put(key, latest[key], since=clock.now + time)
        elif what == "add" and kept.add(key, value):
            latest[key] = value
        elif what == "remove":
            kept.remove(key)
            latest.pop(key, None)
        elif what == "move the clock":
            clock.now += time
        elif what == "get":
            kept.get(key)

        found = {each: kept.get(each) for each in sorted(KEYS, key=lambda k: (k != key, k))}
        there = {each: value for each, value in found.items() if value is not None}
        assert sum(weight for weight, _, _ in there.values()) <= MOST
        assert all(0 <= clock.now - since < SECONDS for _, _, since in there.values())
        assert there.items() <= latest.items()


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Let Python switch threads as often as it can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("eager_threads")
def test_threads_that_change_it_at_once_leave_its_weight_right() -> None:
    kept: LRU[int, int] = LRU(SECONDS, MOST, weigh=lambda value: value)

    def use(seed: int) -> None:
        drawn = Random(seed)
        for _ in range(10_000):
            key = drawn.randrange(6)
            if drawn.random() < 0.5:
                kept.put(key, key)
            else:
                kept.remove(key)
            kept.get(key)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(use, range(8)))
    for key in range(6):
        kept.remove(key)
    kept.put(1, MOST)
    assert kept.get(1) == MOST
    kept.put(2, 1)
    assert (kept.get(1), kept.get(2)) == (None, 1)
