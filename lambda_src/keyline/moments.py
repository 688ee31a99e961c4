"""Moments as text: ISO 8601 in UTC, each as wide as the others, so that texts sort by time.

A moment in microseconds is a whole number, and is exact. A float of seconds is not: since 2004
its steps are a quarter of a microsecond, and arithmetic on it rounds.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

from keyline.errors import KeylineError

Precision = Literal["seconds", "milliseconds", "microseconds"]
"""How fine a text is. What is finer is cut off."""

HOUR_SECONDS = 3_600
DAY_SECONDS = 24 * HOUR_SECONDS
CLOCK_MARGIN_SECONDS = 5
"""By how much the clocks of two functions are taken to differ at most. AWS keeps the clocks of its
machines within milliseconds (Amazon Time Sync Service). What an answer says of a moment allows for
this margin. Clocks that differ by more make such an answer wrong."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BadMomentError(KeylineError):
    """A datetime that names no moment between the years 1 and 9999 of UTC."""


def us_of_ms(ms: float) -> int:
    """Return epoch milliseconds, with decimals, as whole microseconds."""
    return round(ms * 1_000)


def us_of_seconds(seconds: float) -> int:
    """Return epoch seconds, with decimals, as whole microseconds."""
    return round(seconds * 1_000_000)


def iso(us: int, to: Precision = "milliseconds") -> str:
    """Write epoch microseconds as ISO 8601: `2026-01-31T10:00:00.123Z`.

    Raises
    ------
    OverflowError
        If the moment is after the year 9999.
    """
    return _text(_EPOCH + timedelta(microseconds=us), to)


def iso_of(moment: datetime, to: Precision = "microseconds") -> str:
    """Write a moment of any time zone as ISO 8601 in UTC.

    Raises
    ------
    BadMomentError
        If it has no time zone, so that it could be any of several moments, or if it lies outside
        the years 1 to 9999 of UTC.
    """
    if moment.tzinfo is None:
        raise BadMomentError(
            "datetime", "has no time zone.", "Make it with one: datetime.now(timezone.utc)."
        )
    try:
        return _text(moment.astimezone(UTC), to)
    except OverflowError as error:
        raise BadMomentError(
            "datetime", "is before the year 1 or after 9999 in UTC.", "Give a moment between."
        ) from error


def iso_now() -> str:
    """Write the present moment, to the microsecond."""
    return iso_of(datetime.now(UTC))


def _text(moment: datetime, to: Precision) -> str:
    return moment.isoformat(timespec=to).removesuffix("+00:00") + "Z"
