"""Ranges of time as a request names them."""

from __future__ import annotations

from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated

import msgspec

from chat.days import ALWAYS, Range
from keyline.days import Days, Period, last_days, midnight, today
from keyline.http import HttpError

MAX_DAYS = 1_100
"""The longest range of days that one request may ask for: three years."""
DEFAULT_DAYS = 7
"""How many days analytics are about where the request does not say."""

Bound = Annotated[str, msgspec.Meta(min_length=1, examples=["2026-01-31"])]
"""Where a range starts or ends."""

_FORMS = "Use 2026-01-31 for a whole UTC day, 2026-01-31T08:00:00Z, or epoch milliseconds."


class RangeQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`from` and `to`: dates for whole UTC days, both included, or moments.

    Attributes
    ----------
    start
        A date (2026-01-31), a moment (2026-01-31T08:00:00Z) or epoch milliseconds.
    end
        In the same form.
    """

    start: Bound | None = msgspec.field(default=None, name="from")
    end: Bound | None = msgspec.field(default=None, name="to")

    def range(self, now: float) -> Range:
        """The range named; without an end up to now, without a start the last seven days.

        Parameters
        ----------
        now
            Epoch ms.

        Raises
        ------
        HttpError
            400 if a bound cannot be read, the two are of different forms, the end comes
            first, or the range is too long.
        """
        if self.start is None:
            return self._without_start(now)
        first = _bound("query.from", self.start)
        last = _now_like(first, now) if self.end is None else _bound("query.to", self.end)
        if isinstance(first, date) and isinstance(last, date):
            return _days(first, last)
        if isinstance(first, date) or isinstance(last, date):
            raise _refusal("query.to", "is not of the form of 'from'.", "Use two dates or moments.")
        if last < first:
            raise _refusal("query.to", "comes before 'from'.", "Exchange the two.")
        return Period(first, last)

    def days(self, now: float) -> Days:
        """The same where only whole days will do.

        Raises
        ------
        HttpError
            As `range`, and 400 for moments.
        """
        asked = self.range(now)
        if isinstance(asked, Period):
            raise _refusal("query.from", "is a moment.", "Reports are of whole days: 2026-01-31.")
        return asked

    def span(self) -> Period | None:
        """The range as moments, without end where none is named; None if nothing is named.

        It does not depend on the present, so that a cursor's next page has the same range.

        Raises
        ------
        HttpError
            400 if a bound cannot be read or the end comes first.
        """
        if self.start is None and self.end is None:
            return None
        return span_of(self.start, self.end)

    def _without_start(self, now: float) -> Days:
        if self.end is not None:
            raise _refusal("query.from", "is missing.", "Say where the range starts.")
        return last_days(DEFAULT_DAYS, now)


def moment(path: str, text: str) -> float:
    """A moment in epoch ms; a date is its first.

    Raises
    ------
    HttpError
        400 if it cannot be read.
    """
    return _first_moment(path, text)


def span_of(first: str | None, last: str | None) -> Period:
    """The moments between two bounds; the first or last of all where a bound is None.

    Raises
    ------
    HttpError
        400 if a bound cannot be read or the end comes first.
    """
    start = ALWAYS.start if first is None else _first_moment("query.from", first)
    end = ALWAYS.end if last is None else _last_moment("query.to", last)
    if end < start:
        raise _refusal("query.to", "comes before 'from'.", "Exchange the two.")
    return Period(start, end)


def _first_moment(path: str, text: str) -> float:
    bound = _bound(path, text)
    return midnight(bound) if isinstance(bound, date) else bound


def _last_moment(path: str, text: str) -> float:
    bound = _bound(path, text)
    return Days(bound, bound).period.end if isinstance(bound, date) else bound


def _now_like(first: date | float, now: float) -> date | float:
    return today(now).last if isinstance(first, date) else now


def _days(first: date, last: date) -> Days:
    if last < first:
        raise _refusal("query.to", "comes before 'from'.", "Exchange the two.")
    if (last - first).days >= MAX_DAYS:
        raise _refusal("query.from", f"asks for over {MAX_DAYS} days.", "Ask for fewer.")
    return Days(first, last)


def _bound(path: str, text: str) -> date | float:
    try:
        if text.isascii() and text.replace(".", "", 1).isdecimal():
            return _in_time(path, float(text))
        if len(text) == len("2026-01-31"):
            day = date.fromisoformat(text)
            _in_time(path, midnight(day))
            return day
        bound = datetime.fromisoformat(text)
    except ValueError as error:
        raise _refusal(path, f"{text!r} is no date and no moment.", _FORMS) from error
    if bound.tzinfo is None:
        raise _refusal(path, f"{text!r} has no offset from UTC.", _FORMS)
    return _in_time(path, bound.timestamp() * 1000)


def _in_time(path: str, timestamp: float) -> float:
    if not ALWAYS.start <= timestamp <= ALWAYS.end:
        raise _refusal(path, "is no time that a message can have.", _FORMS)
    return timestamp


def _refusal(path: str, message: str, suggestion: str) -> HttpError:
    return HttpError(HTTPStatus.BAD_REQUEST, path, message, suggestion)
