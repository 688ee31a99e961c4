"""UTC days and the moments in them, in epoch milliseconds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import msgspec

from keyline.moments import CLOCK_MARGIN_SECONDS, DAY_SECONDS, iso, us_of_ms

_DAY = timedelta(days=1)
_SMALLEST_STEP = 0.001
"""Milliseconds between two moments that a `UniqueClock` tells apart."""


class Period(msgspec.Struct, frozen=True):
    """The time from one moment to another, in epoch milliseconds; both belong to it."""

    start: float
    end: float


class Days(msgspec.Struct, frozen=True):
    """The days from one UTC day to another; both belong to them."""

    first: date
    last: date

    @property
    def bounds(self) -> tuple[str, str]:
        """The first and the last day as texts: `2026-01-31`."""
        return (self.first.isoformat(), self.last.isoformat())

    @property
    def period(self) -> Period:
        """The time from the first moment of the first day to the last moment of the last."""
        return Period(midnight(self.first), midnight(self.last + _DAY) - _SMALLEST_STEP)

    def __iter__(self) -> Iterator[date]:
        day = self.first
        while day <= self.last:
            yield day
            day += _DAY


def day_of(ms: float) -> str:
    """Return the UTC day of a moment in epoch milliseconds: `2026-01-31`."""
    return iso(us_of_ms(ms), "seconds")[:10]


def midnight(day: date) -> float:
    """Return the first moment of a day in epoch milliseconds."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000


def today(now: float) -> Days:
    """Return the UTC day of a moment in epoch milliseconds."""
    day = date.fromisoformat(day_of(now))
    return Days(day, day)


def last_days(count: int, now: float) -> Days:
    """Return so many UTC days; the last is the day of `now`, in epoch milliseconds."""
    last = today(now).last
    return Days(last - (count - 1) * _DAY, last)


def first_whole_day(ms: float) -> date:
    """Return the first UTC day that does not begin before a moment in epoch milliseconds."""
    day = date.fromisoformat(day_of(ms))
    return day if midnight(day) >= ms else day + _DAY


def kept_since(days: float, now: float) -> float:
    """Return the first moment from which on everything is still kept, in epoch milliseconds.

    What is older may have expired. Items that expire a number of days after their moment, or after
    a later change, and that were read until `now`, are all there from this moment on. The clock
    that gave an item its expiry may differ from this one by `CLOCK_MARGIN_SECONDS`.

    Parameters
    ----------
    days
        How long an item is kept.
    now
        When the reading ended, by this process's clock, in epoch milliseconds.
    """
    # An expiry is in whole seconds: it may come up to a second early.
    oldest = now / 1000 + CLOCK_MARGIN_SECONDS + 1 - days * DAY_SECONDS
    return max(0.0, math.ceil(oldest) * 1000.0)
