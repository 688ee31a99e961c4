"""Read ranges of time from a request."""

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
"""The number of days of the analytics if the request names no range."""

Bound = Annotated[str, msgspec.Meta(min_length=1, examples=["2026-01-31"])]
"""Where a range starts or ends."""

_FORMS = "Use 2026-01-31 for a whole UTC day, 2026-01-31T08:00:00Z, or epoch milliseconds."


class RangeQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`from` and `to`: two dates for whole UTC days, or two moments. The two are included.

    Attributes
    ----------
    start
        A date (2026-01-31), a moment (2026-01-31T08:00:00Z) or epoch milliseconds.
    end
        In the same form as `from`.
    """

    start: Bound | None = msgspec.field(default=None, name="from")
    end: Bound | None = msgspec.field(default=None, name="to")

    def range(self, now: float) -> Range:
        """Return the range that the request names.

        Without `to` the range ends now. Without both the range is the last seven days.

        Parameters
        ----------
        now
            Epoch ms.

        Raises
        ------
        HttpError
            400 if a bound cannot be read, the bounds have different forms, the end comes
            before the start, or the range is too long.
        """
        if self.start is None:
            return self._without_start(now)
        first = _bound("query.from", self.start)
        last = _now_like(first, now) if self.end is None else _bound("query.to", self.end)
        if isinstance(first, date) and isinstance(last, date):
            return _days(first, last)
        if isinstance(first, date) or isinstance(last, date):
            raise _refusal(
                "query.to", "has another form than 'from'.", "Use two dates or two moments."
            )
        if last < first:
            raise _refusal("query.to", "is before 'from'.", "Exchange 'from' and 'to'.")
        return Period(first, last)

    def days(self, now: float) -> Days:
        """Return the range as whole days.

        Raises
        ------
        HttpError
            As `range`, and 400 if the bounds are moments.
        """
        period = self.range(now)
        if isinstance(period, Period):
            raise _refusal(
                "query.from", "is a moment, but a report has whole days.", "Use 2026-01-31."
            )
        return period

    def span(self) -> Period | None:
        """Return the range as moments; None if the request names no bound.

        Without `to` the range has no end. The range does not depend on the present, so the next
        page of a cursor has the same range.

        Raises
        ------
        HttpError
            400 if a bound cannot be read, or the end comes before the start.
        """
        if self.start is None and self.end is None:
            return None
        return span_of(self.start, self.end)

    def _without_start(self, now: float) -> Days:
        if self.end is not None:
            raise _refusal(
                "query.from", "is missing.", "Add the start of the range, or leave out 'to'."
            )
        return last_days(DEFAULT_DAYS, now)


def moment(path: str, text: str) -> float:
    """Return a moment in epoch ms. A date is the first moment of the day.

    Raises
    ------
    HttpError
        400 if the text cannot be read.
    """
    return _first_moment(path, text)


def span_of(first: str | None, last: str | None) -> Period:
    """Return the moments between two bounds. Where a bound is None, the range is open.

    Raises
    ------
    HttpError
        400 if a bound cannot be read, or the end comes before the start.
    """
    start = ALWAYS.start if first is None else _first_moment("query.from", first)
    end = ALWAYS.end if last is None else _last_moment("query.to", last)
    if end < start:
        raise _refusal("query.to", "is before 'from'.", "Exchange 'from' and 'to'.")
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
        raise _refusal("query.to", "is before 'from'.", "Exchange 'from' and 'to'.")
    if (last - first).days >= MAX_DAYS:
        raise _refusal("query.from", f"asks for over {MAX_DAYS} days.", "Ask for fewer days.")
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
        raise _refusal(path, f"{text!r} is not a date or a moment.", _FORMS) from error
    if bound.tzinfo is None:
        raise _refusal(path, f"{text!r} has no offset from UTC.", _FORMS)
    return _in_time(path, bound.timestamp() * 1000)


def _in_time(path: str, timestamp: float) -> float:
    if not ALWAYS.start <= timestamp <= ALWAYS.end:
        raise _refusal(path, "is outside the times that a message can have.", _FORMS)
    return timestamp


def _refusal(path: str, message: str, suggestion: str) -> HttpError:
    return HttpError(HTTPStatus.BAD_REQUEST, path, message, suggestion)
