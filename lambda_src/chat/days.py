"""The time units of analytics: hours, weeks and months of UTC, and the limits of a request."""

from __future__ import annotations

from datetime import date
from typing import Literal

from keyline.days import Days, Period

Division = Literal["day", "week", "month"]

Range = Days | Period

ALWAYS = Period(0.0, 1e14)
"""A period that holds every message."""

_HOUR = 3_600_000.0


def hour_of(timestamp: float) -> float:
    """Return the beginning of the hour of a moment, both in epoch ms."""
    return timestamp // _HOUR * _HOUR


def division_of(day: str, by: Division) -> str:
    """Return the day, ISO week (`2026-W05`) or month (`2026-01`) that a day belongs to."""
    if by == "day":
        return day
    if by == "month":
        return day[:7]
    year, week, _ = date.fromisoformat(day).isocalendar()
    return f"{year}-W{week:02}"


def divisions(days: Days, by: Division) -> dict[str, Days]:
    """Return the days, weeks or months of a range, in order, each cut to the range."""
    found: dict[str, Days] = {}
    for day in days:
        name = division_of(day.isoformat(), by)
        known = found.get(name)
        found[name] = Days(known.first if known else day, day)
    return found
