"""The number of times that a schedule is due in a month."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from keyline.model import schedule_expression
from keyline_ops.costs.storage import MONTH_DAYS

_YEAR_DAYS = 365


def due_in_a_month(schedule: str) -> float:
    """Return how often a schedule is due in a month of 30 days, as an average over a year."""
    expression = schedule_expression.parse(schedule)
    if isinstance(expression, schedule_expression.Rate):
        return MONTH_DAYS * 86_400 / expression.seconds
    moment = datetime(2027, 1, 1, tzinfo=UTC) - timedelta(minutes=1)
    end, count = moment + timedelta(days=_YEAR_DAYS), 0
    while (due := expression.next_after(moment)) is not None and due <= end:
        moment, count = due, count + 1
    return count * MONTH_DAYS / _YEAR_DAYS
