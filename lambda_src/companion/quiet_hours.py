"""Decide whether a caregiver is told of an escalation at a moment."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from companion.tables import Preferences
from companion.words import CONCERN, EMERGENCY


def is_told(preferences: Preferences, level: int, moment: datetime) -> bool:
    """Return whether a caregiver is told. Of level 2 and above always.

    Parameters
    ----------
    moment
        With a time zone.
    """
    if level >= EMERGENCY:
        return True
    return level == CONCERN and preferences.level1Alerts and not _is_quiet(preferences, moment)


def _is_quiet(preferences: Preferences, moment: datetime) -> bool:
    """Return whether the caregiver's wall clock shows a quiet time. DST moves that clock."""
    start, end = preferences.quietHoursStart, preferences.quietHoursEnd
    if start is None or end is None:
        return False
    clock = moment.astimezone(ZoneInfo(preferences.timeZone)).strftime("%H:%M")
    if start <= end:
        return start <= clock < end
    return clock >= start or clock < end
