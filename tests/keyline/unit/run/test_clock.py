"""Moments that are never given twice."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from keyline.run.clock import UniqueClock, later

FROZEN = 1_700_000_000_123_456_789


def test_a_frozen_clock_goes_on_by_microseconds() -> None:
    clock = UniqueClock(lambda: FROZEN)
    assert [clock.next() for _ in range(3)] == [
        1_700_000_000_123.456,
        1_700_000_000_123.457,
        1_700_000_000_123.458,
    ]


def test_threads_are_given_different_moments() -> None:
    clock = UniqueClock(lambda: FROZEN)
    with ThreadPoolExecutor(16) as pool:
        given_out = list(pool.map(lambda _: clock.next(), range(4000)))
    assert len(set(given_out)) == 4000


@given(st.lists(st.integers(0, 4_000_000_000_000_000_000), min_size=2, max_size=50))
def test_moments_rise_whatever_the_clock_does(times: list[int]) -> None:
    clock = UniqueClock(iter(times).__next__)
    moments = [clock.next() for _ in times]
    assert all(a < b for a, b in itertools.pairwise(moments))
    assert all(round(m, 3) == m for m in moments)


@given(st.floats(0, 4e12), st.integers(1, 15))
def test_the_moment_after_one_that_was_taken(moment: float, collisions: int) -> None:
    clock = UniqueClock(lambda: 0)
    taken = round(moment, 3)
    target = later(taken, collisions)
    assert taken <= target <= taken + 32 * 2**collisions / 1000
    following = clock.next(after=target)
    assert following > taken
    assert clock.next() > following
