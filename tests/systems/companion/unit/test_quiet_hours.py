"""Quiet hours: time zones, the change of the clocks, over midnight, and never for level 2."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.quiet_hours import is_told
from companion.tables import Preferences

NIGHT = Preferences(quietHoursStart="22:00", quietHoursEnd="07:00", timeZone="Europe/Berlin")
NOON = Preferences(quietHoursStart="12:00", quietHoursEnd="14:00", timeZone="America/New_York")


@pytest.mark.parametrize(
    ("preferences", "moment", "told"),
    [
        (NIGHT, "2026-01-15T20:59:00+00:00", True),  # 21:59 in winter
        (NIGHT, "2026-01-15T21:00:00+00:00", False),  # 22:00
        (NIGHT, "2026-01-16T05:59:00+00:00", False),  # 06:59
        (NIGHT, "2026-01-16T06:00:00+00:00", True),  # 07:00
        (NIGHT, "2026-07-15T19:59:00+00:00", True),  # 21:59 in summer
        (NIGHT, "2026-07-15T20:00:00+00:00", False),  # 22:00
        (NIGHT, "2026-03-29T04:59:00+00:00", False),  # 06:59 after the clocks went forward
        (NIGHT, "2026-03-29T05:00:00+00:00", True),  # 07:00
        (NIGHT, "2026-10-25T05:59:00+00:00", False),  # 06:59 after the clocks went back
        (NIGHT, "2026-10-25T06:00:00+00:00", True),
        (NOON, "2026-01-15T17:00:00+00:00", False),
        (NOON, "2026-01-15T19:00:00+00:00", True),
        (Preferences(), "2026-01-15T03:00:00+00:00", True),
        (Preferences(level1Alerts=False), "2026-01-15T12:00:00+00:00", False),
    ],
)
def test_level_1_is_told_outside_quiet_hours(
    preferences: Preferences, moment: str, told: bool
) -> None:
    assert is_told(preferences, 1, datetime.fromisoformat(moment)) is told


@given(st.datetimes(timezones=st.just(UTC)), st.sampled_from([2, 10]))
def test_level_2_is_always_told(moment: datetime, level: int) -> None:
    for preferences in (NIGHT, NOON, Preferences(level1Alerts=False)):
        assert is_told(preferences, level, moment)
