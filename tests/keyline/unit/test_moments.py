"""Moments as text sort as the moments do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyline.moments import BadMomentError, iso, iso_now, iso_of, us_of_ms, us_of_seconds

MOMENTS = st.integers(0, 4_102_444_800_000_000)
AWARE = st.datetimes(
    datetime(2, 1, 1), datetime(9998, 1, 1), timezones=st.just(timezone(timedelta(hours=2)))
)


def test_a_moment_is_written_in_utc_and_cut_off_rather_than_rounded() -> None:
    moment = 1_769_855_400_123.999
    assert iso(us_of_ms(moment), "seconds") == "2026-01-31T10:30:00Z"
    assert iso(us_of_ms(moment)) == "2026-01-31T10:30:00.123Z"
    assert iso(us_of_ms(moment), "microseconds") == "2026-01-31T10:30:00.123999Z"
    assert iso(us_of_ms(1_704_067_200_123.456)) == "2024-01-01T00:00:00.123Z"


@given(MOMENTS, MOMENTS)
def test_text_sorts_as_time_does(first: int, second: int) -> None:
    texts = iso(first, "microseconds"), iso(second, "microseconds")
    assert (texts[0] < texts[1]) == (first < second)
    assert (iso(first) <= iso(second)) or first > second


@given(MOMENTS)
def test_a_float_of_milliseconds_or_seconds_is_the_same_moment(us: int) -> None:
    assert us_of_ms(us / 1_000) == us
    assert us_of_seconds(us / 1_000_000) == us
    assert us_of_seconds(us // 1_000_000) == us // 1_000_000 * 1_000_000


def test_a_float_between_two_microseconds_is_the_nearer_one() -> None:
    quarter_ms, quarter_s = 2**-12, 2**-22  # about a quarter of a microsecond
    assert us_of_ms(1_769_855_400_000 + quarter_ms) == 1_769_855_400_000_000
    assert us_of_ms(1_769_855_400_000 + 3 * quarter_ms) == 1_769_855_400_000_001
    assert us_of_seconds(1_769_855_400 + quarter_s) == 1_769_855_400_000_000
    assert us_of_seconds(1_769_855_400 + 3 * quarter_s) == 1_769_855_400_000_001


@given(AWARE)
def test_a_datetime_of_any_zone_is_written_in_utc(moment: datetime) -> None:
    text = iso_of(moment)
    assert len(text) == len("2026-01-31T10:30:00.123999Z")
    assert datetime.fromisoformat(text) == moment
    assert iso_of(moment, "seconds") == f"{text[:19]}Z"


def test_the_present_moment() -> None:
    before, now, after = datetime.now(UTC), iso_now(), datetime.now(UTC)
    assert before <= datetime.fromisoformat(now) <= after


@pytest.mark.parametrize(
    ("moment", "message"),
    [
        (datetime(2026, 1, 31), "has no time zone."),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=2))), "is before the year 1"),
        (datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-2))), "after 9999"),
    ],
)
def test_a_datetime_that_names_no_moment_is_refused(moment: datetime, message: str) -> None:
    with pytest.raises(BadMomentError, match=message):
        iso_of(moment)
