"""The latest turns of a patient: what is counted, within which time, in how many bytes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.repetition import MOST_TURNS, RecentTurns

NOW = datetime(2026, 1, 31, 10, tzinfo=UTC)
PARTS = st.lists(st.tuples(st.sampled_from(["one", "two", "Two!"]), st.integers(0, 10_000)))


def turns_of(parts: list[tuple[str, int]]) -> RecentTurns:
    turns = RecentTurns()
    for words, seconds in parts:
        turns = turns.with_turn(words, NOW - timedelta(seconds=seconds))
    return turns


@pytest.mark.requirement("B-19")
@given(PARTS, st.floats(0.1, 24))
def test_what_is_packed_is_counted_within_the_window(
    parts: list[tuple[str, int]], hours: float
) -> None:
    packed = turns_of(parts).pack()
    latest = parts[-MOST_TURNS:]
    wanted = sum(words != "one" and seconds < hours * 3600 for words, seconds in latest)
    assert RecentTurns.unpack(packed).within(NOW, hours).count("two") == wanted


@pytest.mark.requirement("B-19", "B-O4")
@pytest.mark.parametrize(("seconds", "counted"), [(7_199, 1), (7_200, 0), (7_201, 0)])
def test_the_window_is_two_hours(seconds: int, counted: int) -> None:
    assert turns_of([("one", seconds)]).within(NOW, 2).count("ONE") == counted


def test_the_item_of_a_talkative_patient_stays_below_a_write_unit() -> None:
    packed = turns_of([(f"words {number}", 0) for number in range(200)]).pack()
    keys_stamp_and_names = 200
    assert len(packed) + keys_stamp_and_names < 1024
