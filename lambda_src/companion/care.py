"""The work of caregivers: they see and change only patients who are assigned to them.

Each call begins with one consistent read of the assignment. So an assignment that has ended lets
nobody see anything from the next request on, whatever cursor the request has.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from itertools import islice
from typing import Any

import msgspec

from companion.inputs import EARLIEST, LATEST
from companion.patterns import (
    ALERTS_ERASE,
    ALEXA_LINK,
    ALEXA_UNLINK,
    ASSIGNMENT_ADD,
    ASSIGNMENT_CREATE,
    ASSIGNMENT_DELETE,
    ASSIGNMENT_END,
    ASSIGNMENT_GET,
    AUDIT_PUT,
    CAREGIVER_ASSIGNMENTS,
    CAREGIVER_BY_ID,
    CAREGIVER_CREATE,
    CAREGIVER_GET,
    CAREGIVER_UPDATE,
    CONVERSATION_CREATE,
    CONVERSATION_DELETE,
    CONVERSATION_PROFILE,
    CONVERSATION_STAMP,
    DAYS_ERASE,
    LOG_KEYS,
    LOGS_WRITE,
    PATIENT_CAREGIVERS,
    PATIENT_CHANGE,
    PATIENT_CREATE,
    PATIENT_DAYS,
    PATIENT_DELETE,
    PATIENT_ESCALATIONS,
    PATIENT_GET,
    PATIENT_LOGS,
    PATIENT_OPEN,
    PATIENT_UPDATE,
    RECENT_ASSIGNMENTS,
    TURN_ALERTS,
)
from companion.tables import (
    AlexaUser,
    Assignment,
    Audit,
    Caregiver,
    Conversation,
    DayCount,
    Log,
    Patient,
)
from keyline.errors import KeylineError
from keyline.idempotency import IdempotencyKey
from keyline.moments import iso_now
from keyline.run import (
    NotFoundError,
    Page,
    Store,
    TransactionCancelledError,
    VersionConflictError,
    Write,
)

_BATCH = 25


class AlexaUserTakenError(KeylineError):
    """An Alexa user who is the user of another patient."""

    def __init__(self) -> None:
        super().__init__(
            "body.alexaUserId",
            "is the user of another patient.",
            "Use the device of this patient, or leave the user out.",
        )


class NotPrimaryError(KeylineError):
    """A caregiver who did not create the patient, and so may not do what only the primary may."""

    def __init__(self) -> None:
        super().__init__(
            "path.patientId",
            "is a patient for whom the primary caregiver alone may do this.",
            "Ask the caregiver who created the patient.",
        )


class PrimaryStaysError(KeylineError):
    """The end of the primary's own assignment, after which nobody could erase the patient."""

    def __init__(self) -> None:
        super().__init__(
            "path.patientId",
            "is a patient whose primary caregiver the caller is.",
            "Erase the patient instead, or stay assigned.",
        )


class UnknownCaregiverError(KeylineError):
    """Somebody who has never used the API, and so cannot be assigned."""

    def __init__(self) -> None:
        super().__init__(
            "path.caregiverId",
            "is not the id of a caregiver.",
            "Let the caregiver call GET /me once, and send the caregiverId of that answer.",
        )


class Care(msgspec.Struct, frozen=True):
    """The patients of a caregiver."""

    store: Store

    def caregiver(self, username: str, caregiver_id: str) -> Caregiver:
        """Return a caregiver; a new one is stored at the first request."""
        found = self.store.get(CAREGIVER_GET, username=username)
        if found is None:
            now = iso_now()
            made = Caregiver(
                username=username, caregiverId=caregiver_id, createdAt=now, updatedAt=now
            )
            found, _ = self.store.put_or_get(CAREGIVER_CREATE, made)
        if found.caregiverId != caregiver_id:
            raise _no_such("caregiver")
        return found

    def change_caregiver(
        self, username: str, changes: Mapping[str, Any], *, version: int
    ) -> Caregiver:
        """Change a caregiver, unless the version is not the last one."""
        changed = {**changes, "updatedAt": iso_now()}
        return self.store.update(CAREGIVER_UPDATE, changed, expected=version, username=username)

    def patients(self, caregiver_id: str, limit: int, cursor: str | None) -> Page[Assignment]:
        """Return a page of a caregiver's assignments, by patient."""
        return self.store.query(
            CAREGIVER_ASSIGNMENTS,
            limit=limit,
            cursor=cursor,
            caller=caregiver_id,
            caregiverId=caregiver_id,
        )

    def recent(
        self, caregiver_id: str, since: str | None, limit: int, cursor: str | None
    ) -> Page[Assignment]:
        """Return a page of a caregiver's assignments, newest first."""
        return self.store.query(
            RECENT_ASSIGNMENTS,
            limit=limit,
            cursor=cursor,
            caller=caregiver_id,
            caregiverId=caregiver_id,
            # without its Z, the millisecond sorts before all microseconds in it
            assignedAt=((since or EARLIEST).removesuffix("Z"), LATEST),
        )

    def open(
        self, caregiver: Caregiver, patient: Patient, key: IdempotencyKey | None
    ) -> tuple[Patient, bool]:
        """Store a patient, assigned to a caregiver; return it, and whether it was there before.

        Raises
        ------
        AlexaUserTakenError
            If the Alexa user is another patient's.
        KeyReusedError
            If the key came with another request before.
        """
        made = msgspec.structs.replace(patient, request=key.content if key else None)
        assignment = Assignment(
            caregiverId=caregiver.caregiverId,
            patientId=made.patientId,
            assignedAt=made.createdAt,
            isPrimary=True,
        )
        writes = [
            Write.put(PATIENT_CREATE, made),
            Write.put(ASSIGNMENT_CREATE, assignment),
            Write.put(
                CONVERSATION_CREATE,
                Conversation(patientId=made.patientId, stamp=_stamp(), profileVersion=made.version),
            ),
        ]
        if made.alexaUserId:
            writes.append(_link(made.alexaUserId, made.patientId, caregiver))
        try:
            self.store.transact(PATIENT_OPEN, writes)
        except TransactionCancelledError as cancelled:
            stored = cancelled.current_of(0)
            if key is not None and isinstance(stored, Patient):
                key.require_same(stored.request)
                return stored, True
            _raise_if_taken(cancelled)
            raise
        return made, False

    def patient(self, caregiver_id: str, patient_id: str) -> Patient:
        """Return a patient as of the last write.

        Raises
        ------
        NotFoundError
            If there is no such patient, or the caregiver may not see the patient.
        """
        self._assignment(caregiver_id, patient_id)
        found = self.store.get(PATIENT_GET, patientId=patient_id)
        if found is None:
            raise _no_such("patient")
        return found

    def change_patient(
        self, caregiver_id: str, patient_id: str, changes: Mapping[str, Any], *, version: int
    ) -> Patient:
        """Change a part of a patient; the next turn of the patient uses the change.

        Raises
        ------
        NotFoundError
            As `patient`.
        NotPrimaryError
            If the Alexa user is changed, and the caregiver did not create the patient.
        AlexaUserTakenError
            As `open`.
        VersionConflictError
            If somebody else changed the patient first.
        """
        before = self.patient(caregiver_id, patient_id)
        links = self._relinks(caregiver_id, before, changes)
        changed = {**changes, "lastModifiedBy": caregiver_id, "updatedAt": iso_now()}
        writes = [
            Write.update(PATIENT_UPDATE, changed, expected=version, patientId=patient_id),
            Write.update(
                CONVERSATION_PROFILE,
                {"stamp": _stamp(), "profileVersion": version + 1},
                patientId=patient_id,
            ),
            *links,
        ]
        if before.version != version:
            raise _conflict(before)
        try:
            self.store.transact(PATIENT_CHANGE, writes)
        except TransactionCancelledError as cancelled:
            current = cancelled.current_of(0)
            if isinstance(current, Patient):
                raise _conflict(current) from cancelled
            _raise_if_erased(cancelled)
            _raise_if_taken(cancelled)
            raise
        return msgspec.structs.replace(before, **changed, version=version + 1)

    def _relinks(
        self, caregiver_id: str, before: Patient, changes: Mapping[str, Any]
    ) -> list[Write]:
        """Return what gives a patient another Alexa user, or none."""
        old, new = before.alexaUserId, changes.get("alexaUserId", before.alexaUserId)
        if old == new:
            return []
        self._primary(caregiver_id, before.patientId)
        writes = [Write.delete(ALEXA_UNLINK, alexaUserId=old)] if old else []
        if new:
            caregiver = self.caregiver(caregiver_id, caregiver_id)
            writes.append(_link(new, before.patientId, caregiver))
        return writes

    def caregivers(
        self, caregiver_id: str, patient_id: str, limit: int, cursor: str | None
    ) -> Page[Assignment]:
        """Return a page of those who may see a patient."""
        self._assignment(caregiver_id, patient_id)
        return self.store.query(
            PATIENT_CAREGIVERS,
            limit=limit,
            cursor=cursor,
            caller=caregiver_id,
            patientId=patient_id,
        )

    def conversations(
        self,
        caregiver_id: str,
        patient_id: str,
        since: str | None,
        until: str | None,
        limit: int,
        cursor: str | None,
    ) -> Page[Log]:
        """Return a page of a patient's turns between two moments, newest first."""
        self._assignment(caregiver_id, patient_id)
        return self.store.query(
            PATIENT_LOGS,
            limit=limit,
            cursor=cursor,
            caller=caregiver_id,
            patientId=patient_id,
            timestamp=(since or EARLIEST, until or LATEST),
        )

    def days(
        self, caregiver_id: str, patient_id: str, limit: int, cursor: str | None
    ) -> Page[DayCount]:
        """Return a page of a patient's days, the first one first."""
        self._assignment(caregiver_id, patient_id)
        return self.store.query(
            PATIENT_DAYS, limit=limit, cursor=cursor, caller=caregiver_id, patientId=patient_id
        )

    def escalations(
        self, caregiver_id: str, patient_id: str, level: int, limit: int, cursor: str | None
    ) -> Page[Log]:
        """Return a page of a patient's escalations of a level, newest first."""
        self._assignment(caregiver_id, patient_id)
        return self.store.query(
            PATIENT_ESCALATIONS,
            limit=limit,
            cursor=cursor,
            caller=caregiver_id,
            patientId=patient_id,
            escalation=f"{level}#",
        )

    def assign(self, caregiver_id: str, patient_id: str, other: str) -> Assignment:
        """Assign a patient to another caregiver; return the assignment, also one that was there.

        Raises
        ------
        NotPrimaryError
            If the caregiver did not create the patient.
        UnknownCaregiverError
            If there is no such other caregiver.
        """
        self._primary(caregiver_id, patient_id)
        if not self.store.query(CAREGIVER_BY_ID, caregiverId=other).items:
            raise UnknownCaregiverError
        made = Assignment(caregiverId=other, patientId=patient_id, assignedAt=iso_now())
        writes = [Write.put(ASSIGNMENT_CREATE, made), _new_stamp(patient_id)]
        try:
            self.store.transact(ASSIGNMENT_ADD, writes)
        except TransactionCancelledError as cancelled:
            stored = cancelled.current_of(0)
            if isinstance(stored, Assignment):
                return stored
            _raise_if_erased(cancelled)
            raise
        return made

    def unassign(self, caregiver_id: str, patient_id: str, other: str) -> None:
        """End the assignment of another caregiver; nothing happens if there is none.

        Raises
        ------
        NotPrimaryError
            If the caregiver did not create the patient.
        PrimaryStaysError
            If the other caregiver is the same.
        """
        self._primary(caregiver_id, patient_id)
        if other == caregiver_id:
            raise PrimaryStaysError
        self._end(other, patient_id)

    def end(self, caregiver_id: str, patient_id: str) -> None:
        """End the caregiver's own assignment.

        Raises
        ------
        PrimaryStaysError
            If the caregiver created the patient.
        """
        if self._assignment(caregiver_id, patient_id).isPrimary:
            raise PrimaryStaysError
        self._end(caregiver_id, patient_id)

    def _end(self, caregiver_id: str, patient_id: str) -> None:
        """End an assignment, and make every process find out about it, both or neither."""
        writes = [
            Write.delete(ASSIGNMENT_DELETE, caregiverId=caregiver_id, patientId=patient_id),
            _new_stamp(patient_id),
        ]
        try:
            self.store.transact(ASSIGNMENT_END, writes)
        except TransactionCancelledError as cancelled:
            _raise_if_erased(cancelled)
            raise

    def erase(self, caregiver_id: str, patient_id: str) -> Audit:
        """Erase a patient. The request can be sent again until it has ended: the assignment goes
        last.

        Raises
        ------
        NotPrimaryError
            If the caregiver did not create the patient.
        """
        self._primary(caregiver_id, patient_id)
        # Each turn, change and assignment needs the conversation: from here on there is none.
        self.store.delete(CONVERSATION_DELETE, patientId=patient_id)
        patient = self.store.get(PATIENT_GET, patientId=patient_id)
        if patient and patient.alexaUserId:
            self.store.delete(ALEXA_UNLINK, alexaUserId=patient.alexaUserId)
        self.store.delete(PATIENT_DELETE, patientId=patient_id)
        erased = self._erase_logs(patient_id)
        days = [
            {"patientId": patient_id, "day": day.day}
            for day in self.store.items(PATIENT_DAYS, patientId=patient_id)
        ]
        self.store.batch_write(DAYS_ERASE, deletes=days)
        audit = Audit(patientId=patient_id, erasedAt=iso_now(), erasedBy=caregiver_id, logs=erased)
        self.store.put(AUDIT_PUT, audit)
        for assignment in self.store.items(PATIENT_CAREGIVERS, patientId=patient_id):
            if assignment.caregiverId != caregiver_id:
                self.store.delete(
                    ASSIGNMENT_DELETE, caregiverId=assignment.caregiverId, patientId=patient_id
                )
        self.store.delete(ASSIGNMENT_DELETE, caregiverId=caregiver_id, patientId=patient_id)
        return audit

    def _erase_logs(self, patient_id: str) -> int:
        erased, logs = 0, self.store.items(LOG_KEYS, patientId=patient_id)
        while part := list(islice(logs, _BATCH)):
            for log in part:
                if log.escalationLevel:
                    self._erase_alerts(patient_id, log.timestamp)
            keys = [{"patientId": patient_id, "timestamp": log.timestamp} for log in part]
            self.store.batch_write(LOGS_WRITE, deletes=keys)
            erased += len(part)
        return erased

    def _erase_alerts(self, patient_id: str, timestamp: str) -> None:
        """Erase the alerts of a turn, which say its level, before the turn that leads to them."""
        alerts = [
            {"patientId": patient_id, "timestamp": timestamp, "caregiverId": alert.caregiverId}
            for alert in self.store.items(TURN_ALERTS, patientId=patient_id, timestamp=timestamp)
        ]
        self.store.batch_write(ALERTS_ERASE, deletes=alerts)

    def _assignment(self, caregiver_id: str, patient_id: str) -> Assignment:
        found = self.store.get(ASSIGNMENT_GET, caregiverId=caregiver_id, patientId=patient_id)
        if found is None:
            raise _no_such("patient")
        return found

    def _primary(self, caregiver_id: str, patient_id: str) -> None:
        if not self._assignment(caregiver_id, patient_id).isPrimary:
            raise NotPrimaryError


def _new_stamp(patient_id: str) -> Write:
    """Make every process read what it remembers of a patient again."""
    return Write.update(CONVERSATION_STAMP, {"stamp": _stamp()}, patientId=patient_id)


def _stamp() -> str:
    return uuid.uuid4().hex


def _link(alexa_user: str, patient_id: str, caregiver: Caregiver) -> Write:
    """Say whose device an Alexa user is."""
    user = AlexaUser(
        alexaUserId=alexa_user,
        patientId=patient_id,
        caregiverId=caregiver.caregiverId,
        username=caregiver.username,
    )
    return Write.put(ALEXA_LINK, user)


def _raise_if_erased(cancelled: TransactionCancelledError) -> None:
    """Raise an error if the patient is being erased: there is no conversation then."""
    if any(cancelled.refused(each.name) for each in (CONVERSATION_STAMP, CONVERSATION_PROFILE)):
        raise _no_such("patient") from cancelled


def _raise_if_taken(cancelled: TransactionCancelledError) -> None:
    """Raise an error if the Alexa user of a link is another patient's."""
    if cancelled.refused(ALEXA_LINK.name):
        raise AlexaUserTakenError from cancelled


def _conflict(current: Patient) -> VersionConflictError:
    return VersionConflictError(
        PATIENT_UPDATE.name,
        "somebody changed the patient after it was read.",
        "Read the patient again, and change the version that is there now.",
        current=current,
        version=current.version,
    )


def _no_such(what: str) -> NotFoundError:
    return NotFoundError(what, f"there is no such {what}.", f"Check the id of the {what}.")
