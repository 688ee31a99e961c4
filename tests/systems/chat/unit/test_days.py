"""Days, weeks and months: every moment belongs to exactly one of each."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.days import Division, division_of, divisions
from keyline.days import Days

dates = st.dates(date(1990, 1, 1), date(2100, 12, 31))
lengths = st.integers(0, 800)


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
