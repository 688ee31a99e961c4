"""Schedule expressions of EventBridge rules: `rate(...)` and the six fields of `cron(...)`.

The language is that of the EventBridge user guide (eb-scheduled-rule-pattern), a dialect of its
own: 1 = Sunday, a year, `?`, and `L`, `W` and `#`. The cron libraries of PyPI read the dialect in
part at best. A range may run backwards, as in an example of that page. `20-2` in the hours and
`FRI-MON` in the days of the week go past the end of the field and on from its start. Years do not
come around, so that a range of years runs forwards. All times are UTC.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, takewhile
from typing import Protocol

import msgspec

from keyline.moments import DAY_SECONDS, HOUR_SECONDS

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_UNITS = {"minute": 60, "hour": HOUR_SECONDS, "day": DAY_SECONDS}
_LAST_YEAR = 2199
_SAMPLE_YEAR = 2027

SUGGESTION = "Write rate(5 minutes) or cron(0 3 * * ? *): minute hour day month weekday year."

DayRule = Callable[[date], bool]


class Expression(Protocol):
    """The times when a schedule is due."""

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first due time later than `moment`; None if there is none any more."""
        ...

    def longest_gap(self) -> float:
        """Return the most seconds between two due times; infinity if they are years apart."""
        ...

    def times_in(self, year: int) -> float:
        """Return how often it is due in a year."""
        ...


class Rate(msgspec.Struct, frozen=True):
    """Every so many seconds."""

    seconds: int

    def next_after(self, moment: datetime) -> datetime | None:
        """Return one period later: a rate counts from when its rule was created."""
        try:
            return moment + timedelta(seconds=self.seconds)
        except OverflowError:  # after the year 9999
            return None

    def longest_gap(self) -> float:
        """Return the seconds of the rate."""
        return self.seconds

    def times_in(self, year: int) -> float:
        """Return how often it is due in a year, as an average."""
        return (337 + _days_of(year, 2)) * DAY_SECONDS / self.seconds


class Cron(msgspec.Struct, frozen=True):
    """Due at every listed minute of the days that all day rules let pass."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: frozenset[int]
    years: frozenset[int]
    day_of_month: DayRule
    day_of_week: DayRule

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first due time later than `moment`, to the minute."""
        for day in self._days_from(moment.astimezone(UTC).date()):
            for hour in self.hours:
                for minute in self.minutes:
                    due = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
                    if due > moment:
                        return due
        return None

    def longest_gap(self) -> float:
        """Return the most seconds between two due times of two years that stand for all.

        A schedule that leaves out a year is years apart.
        """
        if not self.years.issuperset(range(_SAMPLE_YEAR, _LAST_YEAR + 1)):
            return math.inf
        times = sorted(
            hour * HOUR_SECONDS + minute * 60 for hour in self.hours for minute in self.minutes
        )
        last = date(_SAMPLE_YEAR + 1, 12, 31)
        days = [*takewhile(lambda day: day <= last, self._days_from(date(_SAMPLE_YEAR, 1, 1)))]
        over_night = times[0] - times[-1]
        gaps = [
            (after - before).days * DAY_SECONDS + over_night for before, after in pairwise(days)
        ]
        if not gaps:
            return math.inf
        return max(*gaps, *(after - before for before, after in pairwise(times)), 0)

    def times_in(self, year: int) -> float:
        """Return how often it is due in a year: at all its times of each of its days."""
        last = date(year, 12, 31)
        days = sum(1 for _ in takewhile(lambda day: day <= last, self._days_from(date(year, 1, 1))))
        return days * len(self.hours) * len(self.minutes)

    def _days_from(self, first: date) -> Iterator[date]:
        for year in range(first.year, _LAST_YEAR + 1):
            if year not in self.years:
                continue
            for month in sorted(self.months):
                for number in range(1, _days_of(year, month) + 1):
                    day = date(year, month, number)
                    if day >= first and self.day_of_month(day) and self.day_of_week(day):
                        yield day


def parse(expression: str) -> Expression:
    """Read a schedule expression.

    Parameters
    ----------
    expression
        `rate(1 minute)`, `cron(0 10 ? * MON-FRI *)`.

    Raises
    ------
    ValueError
        If a rule of EventBridge does not take it. The message says why.
    """
    if found := re.fullmatch(r"rate\((.*)\)", expression):
        return _rate(found[1])
    if found := re.fullmatch(r"cron\((.*)\)", expression):
        return _cron(found[1].split())
    raise ValueError("neither rate(...) nor cron(...)")


def _rate(text: str) -> Rate:
    found = re.fullmatch(r"([1-9][0-9]{0,17}) (minute|hour|day)(s?)", text)
    if not found:
        raise ValueError("a rate is a positive number and minutes, hours or days")
    value = int(found[1])
    if (value == 1) == bool(found[3]):
        raise ValueError("the unit is singular for 1 and plural for more")
    return Rate(value * _UNITS[found[2]])


def _cron(fields: list[str]) -> Cron:
    if len(fields) != 6:
        raise ValueError(f"a cron expression has six fields, this has {len(fields)}")
    minute, hour, day, month, weekday, year = fields
    if (day == "?") == (weekday == "?"):
        raise ValueError("exactly one of day-of-month and day-of-week must be ?")
    return Cron(
        minutes=tuple(sorted(_numbers(minute, "minutes", 0, 59))),
        hours=tuple(sorted(_numbers(hour, "hours", 0, 23))),
        months=frozenset(_numbers(month, "month", 1, 12, _MONTHS)),
        years=frozenset(_numbers(year, "year", 1970, _LAST_YEAR)),
        day_of_month=_day_of_month(day),
        day_of_week=_day_of_week(weekday),
    )


def _day_of_month(text: str) -> DayRule:
    if text == "?":
        return _any_day
    if text == "L":
        return lambda day: day.day == _last_day(day)
    if found := re.fullmatch(r"(\d+)W", text):
        wanted = _number(found[1], "day-of-month", 1, 31)
        return lambda day: day.day == _nearest_weekday(day.year, day.month, wanted)
    days = _numbers(text, "day-of-month", 1, 31)
    return lambda day: day.day in days


def _day_of_week(text: str) -> DayRule:
    if text == "?":
        return _any_day
    if text == "L":  # the last day of the week
        return lambda day: _weekday(day) == 7
    if found := re.fullmatch(r"(\w+)L", text):
        wanted = _number(found[1], "day-of-week", 1, 7, _DAYS)
        return lambda day: _weekday(day) == wanted and day.day > _last_day(day) - 7
    if found := re.fullmatch(r"(\w+)#(\d)", text):
        wanted = _number(found[1], "day-of-week", 1, 7, _DAYS)
        nth = _number(found[2], "day-of-week after #", 1, 5)
        return lambda day: _weekday(day) == wanted and (day.day + 6) // 7 == nth
    days = _numbers(text, "day-of-week", 1, 7, _DAYS)
    return lambda day: _weekday(day) in days


def _any_day(_: date) -> bool:
    return True


def _days_of(year: int, month: int) -> int:
    return 31 if month == 12 else (date(year, month + 1, 1) - date(year, month, 1)).days


def _weekday(day: date) -> int:
    return day.isoweekday() % 7 + 1  # 1 = Sunday


def _last_day(day: date) -> int:
    return _days_of(day.year, day.month)


def _nearest_weekday(year: int, month: int, wanted: int) -> int | None:
    """Return the day nearest to the wanted one from Monday to Friday, in the same month."""
    last = _days_of(year, month)
    if wanted > last:
        return None
    weekday = date(year, month, wanted).isoweekday()
    if weekday == 6:
        return wanted - 1 if wanted > 1 else wanted + 2
    if weekday == 7:
        return wanted + 1 if wanted < last else wanted - 2
    return wanted


def _numbers(
    text: str, field: str, low: int, high: int, names: tuple[str, ...] = ()
) -> frozenset[int]:
    return frozenset(
        number for part in text.split(",") for number in _part(part, field, low, high, names)
    )


def _part(text: str, field: str, low: int, high: int, names: tuple[str, ...]) -> Iterator[int]:
    """Read `*`, `5`, `1-5`, `20-2`, and each of them with `/step`; `5/10` runs to the end."""
    span, slash, step = text.partition("/")
    stride = _number(step, f"{field} step", 1, high) if slash else 1
    if span == "*":
        first, last = low, high
    else:
        start, dash, end = span.partition("-")
        first = _number(start, field, low, high, names)
        last = _number(end, field, low, high, names) if dash else high if slash else first
    size = high - low + 1
    if last < first:
        if field == "year":
            raise ValueError(f"{field}: the range {span} runs backwards")
        last += size
    for number in range(first, last + 1, stride):
        yield low + (number - low) % size


def _number(text: str, field: str, low: int, high: int, names: tuple[str, ...] = ()) -> int:
    if text.isascii() and text.upper() in names:
        return names.index(text.upper()) + low
    if not re.fullmatch("[0-9]{1,4}", text) or not low <= int(text) <= high:
        raise ValueError(f"{field}: {text or 'nothing'} is not in {low} to {high}")
    return int(text)
