"""UTC days: every moment belongs to exactly one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from keyline.days import (
    Days,
    Period,
    day_of,
    first_whole_day,
    kept_since,
    last_days,
    midnight,
    today,
)
from keyline.moments import CLOCK_MARGIN_SECONDS, DAY_SECONDS
from keyline.run.settings import Expiry

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


@given(dates, st.just(0.0) | st.floats(0.01, 86_399_999.998))
def test_the_first_whole_day_begins_at_a_moment_or_is_the_day_after(day: date, part: float) -> None:
    whole = first_whole_day(midnight(day) + part)
    assert whole == (day if not part else day + timedelta(days=1))


@given(
    st.floats(1.6e12, 4e12),
    st.floats(0.01, 4_000),
    st.floats(0, 1e12),
    st.floats(-CLOCK_MARGIN_SECONDS, CLOCK_MARGIN_SECONDS),
    st.booleans(),
)
@example(1.7e12, 10 + 0.5 / DAY_SECONDS, 0, -CLOCK_MARGIN_SECONDS, True)
def test_what_is_of_a_kept_moment_has_not_expired_whatever_clock_gave_it_its_expiry(
    now: float, days: float, after: float, skew: float, counted_from_now: bool
) -> None:
    # Given an item of a moment from which on everything is said to be kept
    kept = kept_since(days, now)
    moment = kept + after
    # When it was stored then, by a clock that differs, or says its own moment
    expiry = Expiry("ttl", days * DAY_SECONDS, None if counted_from_now else "at", 1000)
    at = expiry.at(
        None if counted_from_now else moment, moment / 1000 + (skew if counted_from_now else 0)
    )
    # Then it is read until now
    assert at > now / 1000
    # And no more than a few seconds of what is kept are not said to be
    assert kept <= max(0, now - days * DAY_SECONDS * 1000 + (CLOCK_MARGIN_SECONDS + 2) * 1000)


def test_where_nothing_can_have_expired_all_moments_are_kept() -> None:
    assert kept_since(1e9, 1_704_067_200_000) == 0
    assert first_whole_day(0) == date(1970, 1, 1)
