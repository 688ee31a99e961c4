"""Users and reports for tests."""

from __future__ import annotations

from itertools import count
from typing import Any

from reports.tables import Report, User

MOMENT = "2026-01-31T12:00:00.000000Z"
_numbers = count(1)


def user(**fields: Any) -> User:
    """Return a profile; what a test does not name is some value."""
    given = {"user_id": "ada", "created_at": MOMENT, "updated_at": MOMENT}
    return User(**{**given, **fields})


def report(**fields: Any) -> Report:
    """Return a report with unlike id; what a test does not name is some value."""
    given = {
        "id": f"r-{next(_numbers):04}",
        "user_id": "ada",
        "title": "A report",
        "created_at": MOMENT,
        "updated_at": MOMENT,
    }
    return Report(**{**given, **fields})
