"""Schedule expressions of EventBridge Scheduler: those of rules in a time zone, and `at(...)`.

Source: "Schedule types in EventBridge Scheduler" (user guide). A local time that a change of the
clocks leaves out is not due, and one that comes twice is due once. Scheduler takes the unit of a
rate in the singular and the plural for any number.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from keyline.model import schedule_expression


@dataclass(frozen=True)
class At:
    """A single moment."""

    moment: datetime

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the moment if it is still to come."""
        return self.moment if self.moment > moment else None

    def longest_gap(self) -> float:
        """Return infinity: there is no second time."""
        return math.inf

    def times_in(self, year: int) -> float:
        """Return 1 for the year of the moment."""
        return float(self.moment.year == year)


@dataclass(frozen=True)
class Zoned:
    """A cron expression whose times are those of a time zone."""

    local: schedule_expression.Expression
    zone: tzinfo

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first due time later than `moment`."""
        shown = moment.astimezone(self.zone).replace(tzinfo=UTC)
        while (due := self.local.next_after(shown)) is not None:
            found = due.replace(tzinfo=self.zone).astimezone(UTC)
            exists = found.astimezone(self.zone).replace(tzinfo=UTC) == due
            if exists and found > moment:  # an hour that comes twice counts the first time alone
                return found
            shown = due
        return None

    def longest_gap(self) -> float:
        """Return the most seconds between two due times, without changes of the clocks."""
        return self.local.longest_gap()

    def times_in(self, year: int) -> float:
        """Return how often it is due in a year."""
        return self.local.times_in(year)


def parse(expression: str, timezone: str) -> schedule_expression.Expression:
    """Read a schedule expression of Scheduler.

    Raises
    ------
    ValueError
        Scheduler does not take the expression or the time zone. The message says why.
    """
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{timezone!r} is not a time zone, such as Europe/Madrid") from error
    if found := re.fullmatch(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)", expression):
        return At(datetime.fromisoformat(found[1]).replace(tzinfo=zone).astimezone(UTC))
    if expression.startswith("at("):
        raise ValueError("a moment is written as at(2027-01-31T08:00:00)")
    plain = schedule_expression.parse(_plain_rate(expression))
    return Zoned(plain, zone) if expression.startswith("cron(") else plain


def _plain_rate(expression: str) -> str:
    """Return a rate with the unit in the number that rules ask for."""
    found = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression)
    if found is None:
        return expression
    return f"rate({found[1]} {found[2]}{'' if found[1] == '1' else 's'})"
