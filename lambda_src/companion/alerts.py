"""Tell the caregivers of a patient of an escalation: each once, whoever tells it.

The skill and the stream both tell of level 2. An alert is claimed by creating its item, and only
who has claimed it publishes. Who could not publish gives the claim up. If a process ends between
the claim and the end of publishing, another takes the alert over after 10 s. In both cases a
caregiver may be told twice, and is never left without the alert.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from botocore.config import Config
from botocore.session import Session

from companion.patterns import (
    ALERT_CLAIM,
    ALERT_RELEASE,
    ALERT_SENT,
    ALERT_TAKE,
    CAREGIVER_BY_ID,
    PATIENT_CAREGIVERS,
)
from companion.quiet_hours import is_told
from companion.tables import Alert, Assignment, Log, Preferences
from keyline.errors import KeylineError
from keyline.model import Update
from keyline.run import ConditionFailedError, Store

TAKE_OVER_SECONDS = 10
"""After this time whoever claimed an alert has told it or has ended: the skill lives for 8 s, and
one call of SNS takes 3 s at most."""


class AlertPendingError(KeylineError):
    """Another process has claimed an alert and not told it yet."""


class Publisher(Protocol):
    """Sends a message to those who have asked for it."""

    def publish(self, patient_id: str, caregiver_id: str, level: int, moment: str) -> None:
        """Tell a caregiver that a patient has an escalation. No health data is given."""


@dataclass(frozen=True)
class TopicPublisher:
    """Publishes to an SNS topic. Subscriptions choose a caregiver by the message's attribute."""

    client: Any
    topic_arn: str

    def publish(self, patient_id: str, caregiver_id: str, level: int, moment: str) -> None:
        """Publish, with the ids and the level alone."""
        self.client.publish(
            TopicArn=self.topic_arn,
            Subject=f"Buddy: level {level}",
            Message=f"Level {level} for patient {patient_id} at {moment}.",
            MessageAttributes={
                "caregiverId": {"DataType": "String", "StringValue": caregiver_id},
                "level": {"DataType": "Number", "StringValue": str(level)},
            },
        )


def sns_client() -> Any:
    """Return a client that gives up after 3 s."""
    config = Config(connect_timeout=0.5, read_timeout=1, retries={"total_max_attempts": 2})
    return Session().create_client("sns", config=config)


@dataclass(frozen=True)
class Alerts:
    """Tells caregivers of escalations.

    Parameters
    ----------
    now
        Epoch seconds.
    sleep
        Waits for some seconds.
    """

    store: Store
    publisher: Publisher
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep

    def tell(self, log: Log) -> int:
        """Tell each caregiver who wants to know, once; return how many were told now.

        Raises
        ------
        AlertPendingError
            If somebody else is telling one of them. It is to be tried again.
        """
        told, pending = 0, False
        for assignment in self.store.items(PATIENT_CAREGIVERS, patientId=log.patientId):
            if not is_told(self._preferences(assignment), log.escalationLevel, moment_of(log)):
                continue
            outcome = self._tell_one(assignment.caregiverId, log)
            told += outcome is True
            pending |= outcome is None
        if pending:
            raise AlertPendingError(
                "alert", "is being told by another process.", "Deliver the record again."
            )
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

    def _preferences(self, assignment: Assignment) -> Preferences:
        found = self.store.query(CAREGIVER_BY_ID, caregiverId=assignment.caregiverId).items
        return found[0].notificationPreferences if found else Preferences()

    def _tell_one(self, caregiver_id: str, log: Log) -> bool | None:
        """Whether it was told now; None if another one is telling it."""
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
            self.publisher.publish(
                log.patientId, caregiver_id, log.escalationLevel, log.timestamp.partition("#")[0]
            )
        except Exception:
            self._change(ALERT_RELEASE, {"claimedAt": 0.0}, made)
            raise
        self._change(ALERT_SENT, {"sent": True}, made)
        return True

    def _change(self, pattern: Update[Alert], changes: dict[str, float], alert: Alert) -> None:
        self.store.update(
            pattern,
            changes,
            patientId=alert.patientId,
            timestamp=alert.timestamp,
            caregiverId=alert.caregiverId,
        )

    def _take_over(self, alert: Alert) -> bool:
        try:
            self.store.update(
                ALERT_TAKE,
                {"claimedAt": alert.claimedAt},
                sent=False,
                before=alert.claimedAt - TAKE_OVER_SECONDS,
                patientId=alert.patientId,
                timestamp=alert.timestamp,
                caregiverId=alert.caregiverId,
            )
        except ConditionFailedError:
            return False
        return True


def moment_of(log: Log) -> datetime:
    """Return when a turn was."""
    return datetime.fromisoformat(log.timestamp.partition("#")[0]).astimezone(UTC)
