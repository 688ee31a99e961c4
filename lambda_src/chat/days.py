"""Days, weeks and months, and the moments between them. All days are UTC days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

Division = Literal["day", "week", "month"]

DAY_SECONDS = 86_400
_DAY = timedelta(days=1)
_SMALLEST_STEP = 0.001
_HOUR = 3_600_000.0


@dataclass(frozen=True)
class Span:
    """From one moment to another, epoch ms, both included."""

    start: float
    end: float


ALWAYS = Span(0.0, 1e14)
"""A span that holds every message."""


@dataclass(frozen=True)
class Days:
    """From one UTC day to another, both included."""

    first: date
    last: date

    @property
    def bounds(self) -> tuple[str, str]:
        """The first and the last day as the roll-ups' keys have them."""
        return (self.first.isoformat(), self.last.isoformat())

    @property
    def span(self) -> Span:
        """The same as moments."""
        return Span(midnight(self.first), midnight(self.last + _DAY) - _SMALLEST_STEP)

    def __iter__(self) -> Iterator[date]:
        day = self.first
        while day <= self.last:
            yield day
            day += _DAY


Range = Days | Span


def day_of(timestamp: float) -> str:
    """The UTC day of a moment in epoch ms: `2026-01-31`."""
    return datetime.fromtimestamp(timestamp / 1000, UTC).date().isoformat()


def hour_of(timestamp: float) -> float:
    """The beginning of the hour of a moment, both in epoch ms."""
    return timestamp // _HOUR * _HOUR


def iso_of(timestamp: float) -> str:
    """A moment in epoch ms as ISO 8601 in UTC, to the millisecond."""
    moment = datetime.fromtimestamp(timestamp / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def midnight(day: date) -> float:
    """The first moment of a day, epoch ms."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000


def today(now: float) -> Days:
    """The UTC day of a moment in epoch ms."""
    day = date.fromisoformat(day_of(now))
    return Days(day, day)


def last_days(count: int, now: float) -> Days:
    """So many UTC days up to and with today."""
    last = today(now).last
    return Days(last - (count - 1) * _DAY, last)


def division_of(day: str, by: Division) -> str:
    """The day, ISO week (`2026-W05`) or month (`2026-01`) that a day belongs to."""
    if by == "day":
        return day
    if by == "month":
        return day[:7]
    year, week, _ = date.fromisoformat(day).isocalendar()
    return f"{year}-W{week:02}"


def divisions(days: Days, by: Division) -> dict[str, Days]:
    """The days, weeks or months of a range, in order, each cut to the range."""
    found: dict[str, Days] = {}
    for day in days:
        name = division_of(day.isoformat(), by)
        known = found.get(name)
        found[name] = Days(known.first if known else day, day)
    return found
