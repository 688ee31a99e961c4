"""Tell the caregivers of a patient of an escalation: each once, from either sender.

The skill and the stream both tell of level 2. An alert is claimed by creating its item, and only
the process that has claimed it publishes. A process that could not publish gives the claim up. If a
process ends between the claim and the end of publishing, another takes the alert over after 10 s.
A claim that lies more than 10 s in the future is void: one of the two clocks is wrong.
In these cases a caregiver may be told twice, and is never left without the alert.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

import msgspec

from companion.patterns import (
    ALERT_CLAIM,
    ALERT_SENT,
    ALERT_TAKE,
    ASSIGNMENT_GET,
    CAREGIVER_BY_ID,
    PATIENT_CAREGIVERS,
)
from companion.quiet_hours import is_told
from companion.tables import Alert, Assignment, Log, Preferences
from keyline.errors import KeylineError
from keyline.run import ConditionFailedError, Store

TAKE_OVER_SECONDS = 10
"""After this time the process that claimed an alert has told it or has ended: the skill lives
for 8 s, and one call of SNS takes 3 s at most."""


_NO_CLAIM = 1e12
"""A moment after which nothing is ever claimed."""


class AlertPendingError(KeylineError):
    """An alert that is not told to everybody yet."""


class Publisher(Protocol):
    """Sends a message to those who have asked for it."""

    def publish(self, patient_id: str, caregiver_id: str, level: int, moment: str) -> None:
        """Tell a caregiver that a patient has an escalation. No health data is given."""


class Alerts(msgspec.Struct, frozen=True):
    """Tells caregivers of escalations.

    Parameters
    ----------
    publisher
        Sends an alert to a caregiver.
    now
        Epoch seconds.
    sleep
        Waits for some seconds.
    clock
        Seconds, by a clock that nobody sets.
    """

    store: Store
    publisher: Publisher
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def tell(self, log: Log, within: float = math.inf) -> int:
        """Tell each caregiver who wants to know, once; return how many were told now.

        Parameters
        ----------
        within
            After so many seconds no other caregiver is told.

        Raises
        ------
        AlertPendingError
            If another process is telling one of them, or the time was over. Tell again.
        """
        told, pending, end = 0, False, self.clock() + within
        for assignment in self.store.items(PATIENT_CAREGIVERS, patientId=log.patientId):
            if not self._wants(assignment, log):
                continue
            if self.clock() >= end:
                pending = True
                break
            outcome = self._tell_one(assignment.caregiverId, log)
            told += outcome is True
            pending |= outcome is None
        if pending:
            raise AlertPendingError("alert", "is not told to everybody yet.", "Tell again.")
        return told

    def tell_waiting(self, log: Log) -> int:
        """Tell as `tell`, and wait once for what another process has claimed.

        Raises
        ------
        AlertPendingError
            If another process has claimed it again meanwhile.
        """
        try:
            return self.tell(log)
        except AlertPendingError:
            self.sleep(TAKE_OVER_SECONDS + 1)
            return self.tell(log)

    def _wants(self, assignment: Assignment, log: Log) -> bool:
        """Return whether a caregiver is told: one who may see the patient now, and wants to know.

        The index may still have an assignment that has just ended, so the table is asked.
        """
        moment = datetime.fromisoformat(log.at)
        if not is_told(self._preferences(assignment), log.escalationLevel, moment):
            return False
        now = self.store.get(
            ASSIGNMENT_GET, caregiverId=assignment.caregiverId, patientId=assignment.patientId
        )
        return now is not None

    def _preferences(self, assignment: Assignment) -> Preferences:
        found = self.store.query(CAREGIVER_BY_ID, caregiverId=assignment.caregiverId).items
        return found[0].notificationPreferences if found else Preferences()

    def _tell_one(self, caregiver_id: str, log: Log) -> bool | None:
        """Return whether it was told now; None if another process is telling it."""
        made = Alert(
            patientId=log.patientId,
            timestamp=log.timestamp,
            caregiverId=caregiver_id,
            level=log.escalationLevel,
            claimedAt=self.now(),
        )
        stored, earlier = self.store.put_or_get(ALERT_CLAIM, made)
        if earlier and stored.sent:
            return False
        if earlier and not self._take_over(made):
            return None
        try:
            self.publisher.publish(log.patientId, caregiver_id, log.escalationLevel, log.at)
        except Exception:
            self._set_claim(made, moment=0.0, before=made.claimedAt, after=_NO_CLAIM)
            raise
        self.store.update(ALERT_SENT, {"sent": True}, **_key_of(made))
        return True

    def _take_over(self, alert: Alert) -> bool:
        try:
            self._set_claim(
                alert,
                moment=alert.claimedAt,
                before=alert.claimedAt - TAKE_OVER_SECONDS,
                after=alert.claimedAt + TAKE_OVER_SECONDS,
            )
        except ConditionFailedError:
            return False
        return True

    def _set_claim(self, alert: Alert, *, moment: float, before: float, after: float) -> None:
        """Set when an alert was claimed, unless it was sent or its claim is between the moments."""
        self.store.update(
            ALERT_TAKE,
            {"claimedAt": moment},
            sent=False,
            before=before,
            after=after,
            **_key_of(alert),
        )


def _key_of(alert: Alert) -> dict[str, Any]:
    return {
        "patientId": alert.patientId,
        "timestamp": alert.timestamp,
        "caregiverId": alert.caregiverId,
    }
