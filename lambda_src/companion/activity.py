"""The activity of a patient on a day: read from the turns and set, and never added up.

The stream tells of a turn at least once, and in any order. What it tells only says which days have
changed, so that neither a second time nor another order changes a result.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from companion.patterns import DAY_ACTIVITY, DAY_TURNS
from companion.tables import Log
from companion.words import CONCERN, EMERGENCY
from keyline.run import NotFoundError, Store


class Activity(msgspec.Struct, frozen=True):
    """Keeps the activity of days up to date."""

    store: Store

    def follow(self, logs: Iterable[Log]) -> int:
        """Say what the turns were of each day that these are of; return how many days there are."""
        days = sorted({(log.patientId, log.at[:10]) for log in logs})
        for patient_id, day in days:
            self._set(patient_id, day)
        return len(days)

    def _set(self, patient_id: str, day: str) -> None:
        turns = list(
            self.store.items(DAY_TURNS, patientId=patient_id, timestamp=(f"{day}T", f"{day}U"))
        )
        levels = [turn.escalationLevel for turn in turns]
        activity = {
            "repeated": sum(turn.repeatCount > 0 for turn in turns),
            "concerns": levels.count(CONCERN),
            "emergencies": levels.count(EMERGENCY),
        }
        try:
            self.store.update(DAY_ACTIVITY, activity, patientId=patient_id, day=day)
        except NotFoundError:
            return  # the patient has been erased: the day is not made again
