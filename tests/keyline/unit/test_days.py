"""UTC days: every moment belongs to exactly one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from keyline.days import Days, Period, day_of, last_days, midnight, today

dates = st.dates(date(1990, 1, 1), date(2100, 12, 31))


def test_known_days() -> None:
    assert day_of(1_704_067_200_000) == "2024-01-01"  # the specification's own example
    assert day_of(1_704_067_199_999.999) == "2023-12-31"
    assert last_days(7, 1_704_067_200_000).bounds == ("2023-12-26", "2024-01-01")


@given(dates, st.floats(0, 86_399_999.998))
def test_a_moment_is_in_the_period_of_its_day_and_of_no_other(day: date, part: float) -> None:
    at = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000 + part
    period = today(at).period
    assert period.start <= at <= period.end
    assert day_of(period.start) == day_of(period.end) == day_of(at)
    assert day_of(period.end + 0.001) != day_of(at)


@given(dates, st.integers(0, 800))
def test_days_are_each_day_once(first: date, length: int) -> None:
    days = list(Days(first, first + timedelta(days=length)))
    assert [(day - first).days for day in days] == list(range(length + 1))


@given(dates)
def test_midnight_is_the_first_moment_of_its_day(day: date) -> None:
    assert day_of(midnight(day)) == day.isoformat()
    assert day_of(midnight(day) - 0.001) == (day - timedelta(days=1)).isoformat()


def test_a_period_is_its_two_moments() -> None:
    assert Days(date(2024, 1, 1), date(2024, 1, 2)).period == Period(
        1_704_067_200_000, 1_704_239_999_999.999
    )
