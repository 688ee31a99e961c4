"""Moments as the tables hold them: ISO 8601 in UTC, as wide as every other, so that texts sort."""

from __future__ import annotations

from datetime import UTC, datetime

from keyline.run import BadValue


def now() -> str:
    """Give this moment: `2026-01-31T12:00:00.000000Z`."""
    return iso_of(datetime.now(UTC))


def iso_of(moment: datetime) -> str:
    """A moment of any time zone.

    Raises
    ------
    BadValue
        If it has no time zone, so that nobody can tell which moment it is, or lies outside the
        years 1 to 9999 of UTC.
    """
    if moment.tzinfo is None:
        raise BadValue(
            "datetime", "has no time zone.", "Make it with one: datetime.now(timezone.utc)."
        )
    try:
        moment = moment.astimezone(UTC)
    except OverflowError as error:
        raise BadValue(
            "datetime", "is before the year 1 or after 9999 in UTC.", "Give a moment between."
        ) from error
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
