"""Days, weeks and months: every moment belongs to exactly one of each."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.days import Days, Division, Span, day_of, division_of, divisions, iso_of, last_days, today

dates = st.dates(date(1990, 1, 1), date(2100, 12, 31))
lengths = st.integers(0, 800)


def test_known_moments() -> None:
    assert day_of(1_704_067_200_000) == "2024-01-01"  # the specification's own example
    assert day_of(1_704_067_199_999.999) == "2023-12-31"
    assert iso_of(1_704_067_200_123.456) == "2024-01-01T00:00:00.123Z"
    assert last_days(7, 1_704_067_200_000).bounds == ("2023-12-26", "2024-01-01")


@given(dates, st.floats(0, 86_399_999.998))
def test_a_moment_is_in_the_span_of_its_day_and_of_no_other(day: date, part: float) -> None:
    at = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000 + part
    span = today(at).span
    assert span.start <= at <= span.end
    assert day_of(span.start) == day_of(span.end) == day_of(at)
    assert day_of(span.end + 0.001) != day_of(at)


@pytest.mark.requirement("T-12")
@given(dates, lengths, st.sampled_from(["day", "week", "month"]))
def test_divisions_cover_a_range_without_gap_or_overlap(
    first: date, length: int, by: Division
) -> None:
    days = Days(first, first + timedelta(days=length))
    parts = divisions(days, by)
    assert [day for part in parts.values() for day in part] == list(days)
    assert all(division_of(d.isoformat(), by) == n for n, part in parts.items() for d in part)


@pytest.mark.requirement("T-12")
def test_weeks_are_iso_weeks_and_belong_to_the_year_of_their_thursday() -> None:
    assert division_of("2025-12-29", "week") == "2026-W01"
    assert division_of("2027-01-03", "week") == "2026-W53"
    assert division_of("2026-02-28", "month") == "2026-02"


def test_a_span_is_its_two_moments() -> None:
    assert Days(date(2024, 1, 1), date(2024, 1, 2)).span == Span(
        1_704_067_200_000, 1_704_239_999_999.999
    )
