"""Show caregivers their patients, and change them.

The token names the caregiver. A patient who is not assigned to the caregiver answers 404, as if
there were no such patient.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import UNSET, UnsetType

from companion.answers import (
    AssignmentPage,
    DayAnswer,
    DayPage,
    ErasureAnswer,
    LogAnswer,
    LogPage,
    PatientAnswer,
)
from companion.care import (
    AlexaUserTakenError,
    Care,
    NotPrimaryError,
    PrimaryStaysError,
    UnknownCaregiverError,
)
from companion.context import CONTEXT
from companion.inputs import (
    Activity,
    AlexaUserId,
    Allergy,
    CaregiverId,
    Cursor,
    Dose,
    Level,
    Limit,
    Moment,
    Name,
    Notes,
    PatientId,
    Relation,
    Stage,
    TimeZone,
    Version,
    WallClock,
)
from companion.system import SYSTEM
from companion.tables import Assignment, Caregiver, Patient
from keyline.http import App, Caller, HttpError, IfMatch, Refusal, Response, replayed, versioned
from keyline.idempotency import IdempotencyKey
from keyline.moments import iso_now, iso_of
from keyline.run import NotFoundError, Store, VersionConflictError

_MOST, _MOST_TIMES = msgspec.Meta(max_length=100), msgspec.Meta(max_length=24)
"""A profile with all its lists full fits in an item of DynamoDB."""


class PreferenceChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The times when a caregiver wants to be told of level 1. Level 2 is always told."""

    level1Alerts: bool = True
    quietHoursStart: WallClock | None = None
    quietHoursEnd: WallClock | None = None
    timeZone: TimeZone = "UTC"


class CaregiverChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change of a caregiver: a field that is left out stays."""

    version: Version | None = None
    displayName: Name | UnsetType | None = UNSET
    notificationPreferences: PreferenceChange | UnsetType = UNSET


class NewPerson(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody whom a patient knows."""

    name: Name
    relation: Relation


class NewMedication(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A medicine that a patient takes, and at which times of day."""

    name: Name
    dose: Dose
    times: Annotated[tuple[WallClock, ...], _MOST_TIMES] = ()


class NewRoutine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A routine of a patient: an activity at a time of each day."""

    time: WallClock
    activity: Activity


class NewSafetyProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fact that a helper must know."""

    allergies: Annotated[tuple[Allergy, ...], _MOST] = ()
    notes: Notes | None = None


People = Annotated[list[NewPerson], _MOST]
Routines = Annotated[list[NewRoutine], _MOST]
Medications = Annotated[list[NewMedication], _MOST]


class NewPatient(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A patient to store. Only the name is required."""

    preferredName: Name
    dementiaStage: Stage | None = None
    people: People = msgspec.field(default_factory=list)
    routines: Routines = msgspec.field(default_factory=list)
    medications: Medications = msgspec.field(default_factory=list)
    safetyProfile: NewSafetyProfile = msgspec.field(default_factory=NewSafetyProfile)
    alexaUserId: AlexaUserId | None = None


class PatientChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change of a patient: a field that is left out stays.

    Attributes
    ----------
    version
        The version that was read. The version may stand in `If-Match` instead.
    alexaUserId
        Only the primary caregiver may change it.
    """

    version: Version | None = None
    preferredName: Name | UnsetType = UNSET
    dementiaStage: Stage | UnsetType | None = UNSET
    people: People | UnsetType = UNSET
    routines: Routines | UnsetType = UNSET
    medications: Medications | UnsetType = UNSET
    safetyProfile: NewSafetyProfile | UnsetType = UNSET
    alexaUserId: AlexaUserId | UnsetType | None = UNSET


class PageQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The page to read."""

    limit: Limit = 20
    cursor: Cursor | None = None


class RecentQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The page of the assignments to read, from a moment on."""

    since: Moment | None = None


class LogQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The page of the turns between two moments. The end is not included."""

    since: Moment | None = None
    until: Moment | None = None


class LevelQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The page of the escalations of a level."""

    level: Level = 2


app = App(
    SYSTEM,
    refusals={
        NotFoundError: Refusal(HTTPStatus.NOT_FOUND, "path.patientId"),
        AlexaUserTakenError: Refusal(HTTPStatus.CONFLICT, "body.alexaUserId"),
        NotPrimaryError: Refusal(HTTPStatus.FORBIDDEN, "path.patientId"),
        PrimaryStaysError: Refusal(HTTPStatus.CONFLICT, "path.patientId"),
        UnknownCaregiverError: Refusal(HTTPStatus.NOT_FOUND, "path.caregiverId"),
    },
)
_care = Care(Store.for_function(SYSTEM))


@app.get("/me")
def me(caller: Caller) -> Response[Caregiver]:
    """Show the caller. A caller who is new gets a new item."""
    return versioned(_caregiver(caller))


@app.patch("/me")
def change_me(body: CaregiverChange, caller: Caller, if_match: IfMatch) -> Response[Caregiver]:
    """Change the caller's name and preferences. 409 if they changed after they were read."""
    version = if_match.required(body.version, "body.version")
    caregiver = _caregiver(caller)
    if isinstance(body.notificationPreferences, PreferenceChange):
        _check(body.notificationPreferences)
    changes = _stored(body, Caregiver)
    try:
        changed = _care.change_caregiver(caregiver.username, changes, version=version)
    except VersionConflictError as conflict:
        if not conflict.is_own(version, changes):
            raise
        changed = conflict.current
    return versioned(changed)


@app.get("/me/patients")
def my_patients(query: PageQuery, caller: Caller) -> AssignmentPage:
    """List the caller's assignments, by patient."""
    found = _care.patients(caller.subject, query.limit, query.cursor)
    return AssignmentPage(found.items, found.cursor)


@app.get("/me/assignments")
def my_assignments(query: RecentQuery, caller: Caller) -> AssignmentPage:
    """List the caller's assignments, newest first."""
    since = _existing("since", query.since)
    found = _care.recent(caller.subject, since, query.limit, query.cursor)
    return AssignmentPage(found.items, found.cursor)


@app.delete("/me/patients/{patientId}")
def end(patientId: PatientId, caller: Caller) -> None:
    """End the caller's assignment to a patient. 409 for the primary caregiver."""
    _care.end(caller.subject, patientId)


@app.post("/patients", status=HTTPStatus.CREATED)
def create(body: NewPatient, caller: Caller, key: IdempotencyKey | None) -> Response[PatientAnswer]:
    """Store a patient, assigned to the caller. The header `Location` has the address."""
    moment = iso_now()
    made = Patient(
        patientId=key.id if key else uuid.uuid4().hex,
        createdAt=moment,
        updatedAt=moment,
        **_stored(body, Patient),
    )
    stored, earlier = _care.open(_caregiver(caller), made, key)
    headers = {"Location": f"/patients/{stored.patientId}", **replayed(earlier)}
    return versioned(PatientAnswer.of(stored), headers)


@app.get("/patients/{patientId}")
def show(patientId: PatientId, caller: Caller) -> Response[PatientAnswer]:
    """Show a patient of the caller."""
    return versioned(PatientAnswer.of(_care.patient(caller.subject, patientId)))


@app.patch("/patients/{patientId}")
def change(
    patientId: PatientId, body: PatientChange, caller: Caller, if_match: IfMatch
) -> Response[PatientAnswer]:
    """Change a part of a patient. 409 if the patient was changed after it was read."""
    version = if_match.required(body.version, "body.version")
    changes = _stored(body, Patient)
    try:
        changed = _care.change_patient(caller.subject, patientId, changes, version=version)
    except VersionConflictError as conflict:
        if not conflict.is_own(version, changes):
            raise
        changed = conflict.current
    return versioned(PatientAnswer.of(changed))


@app.delete("/patients/{patientId}")
def erase(patientId: PatientId, caller: Caller) -> ErasureAnswer:
    """Erase a patient: turns, profile, assignments and the Alexa user."""
    audit = _care.erase(caller.subject, patientId)
    return ErasureAnswer(
        patientId=audit.patientId,
        erasedAt=audit.erasedAt,
        logs=audit.logs,
        remainsUntil=iso_of(datetime.now(UTC) + timedelta(days=CONTEXT.settings.backup_days)),
    )


@app.get("/patients/{patientId}/caregivers")
def caregivers(patientId: PatientId, query: PageQuery, caller: Caller) -> AssignmentPage:
    """List those who may see a patient of the caller."""
    found = _care.caregivers(caller.subject, patientId, query.limit, query.cursor)
    return AssignmentPage(found.items, found.cursor)


@app.put("/patients/{patientId}/caregivers/{caregiverId}")
def assign(patientId: PatientId, caregiverId: CaregiverId, caller: Caller) -> Assignment:
    """Assign a patient to another caregiver. Only the primary caregiver may."""
    return _care.assign(caller.subject, patientId, caregiverId)


@app.delete("/patients/{patientId}/caregivers/{caregiverId}")
def unassign(patientId: PatientId, caregiverId: CaregiverId, caller: Caller) -> None:
    """End the assignment of another caregiver. Only the primary caregiver may."""
    _care.unassign(caller.subject, patientId, caregiverId)


@app.get("/patients/{patientId}/conversations")
def conversations(patientId: PatientId, query: LogQuery, caller: Caller) -> LogPage:
    """List the turns of a patient of the caller, newest first."""
    since, until = _existing("since", query.since), _existing("until", query.until)
    found = _care.conversations(caller.subject, patientId, since, until, query.limit, query.cursor)
    return LogPage([LogAnswer.of(log) for log in found.items], found.cursor)


@app.get("/patients/{patientId}/escalations")
def escalations(patientId: PatientId, query: LevelQuery, caller: Caller) -> LogPage:
    """List the escalations of one level of a patient of the caller, newest first."""
    found = _care.escalations(caller.subject, patientId, query.level, query.limit, query.cursor)
    return LogPage([LogAnswer.of(log) for log in found.items], found.cursor)


@app.get("/patients/{patientId}/days")
def days(patientId: PatientId, query: PageQuery, caller: Caller) -> DayPage:
    """List the days on which a patient of the caller talked, the first one first."""
    found = _care.days(caller.subject, patientId, query.limit, query.cursor)
    return DayPage([DayAnswer.of(day) for day in found.items], found.cursor)


def _caregiver(caller: Caller) -> Caregiver:
    return _care.caregiver(caller.subject, caller.subject)


def _existing(name: str, moment: str | None) -> str | None:
    """Return a moment of the query, unless the calendar does not have it."""
    try:
        if moment is not None:
            datetime.fromisoformat(moment)
    except ValueError:
        raise HttpError(
            HTTPStatus.BAD_REQUEST,
            f"query.{name}",
            "is not a moment that exists.",
            "Send one such as 2026-01-31T10:30:00.000Z.",
        ) from None
    return moment


def _stored(body: msgspec.Struct, entity: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the fields that a body names, as the entity holds them."""
    named = msgspec.to_builtins(body)
    return {
        field.name: msgspec.convert(named[field.name], field.type)
        for field in msgspec.structs.fields(entity)
        if field.name in named and field.name != "version"
    }


def _check(change: PreferenceChange) -> None:
    """Refuse preferences with one quiet time alone, two equal ones, or an unknown time zone."""
    if (change.quietHoursStart is None) != (change.quietHoursEnd is None):
        raise HttpError(
            HTTPStatus.BAD_REQUEST,
            "body.notificationPreferences",
            "has one of quietHoursStart and quietHoursEnd.",
            "Send both, or none.",
        )
    if change.quietHoursStart is not None and change.quietHoursStart == change.quietHoursEnd:
        raise HttpError(
            HTTPStatus.BAD_REQUEST,
            "body.notificationPreferences.quietHoursEnd",
            "is the same as quietHoursStart.",
            "Send another time, or level1Alerts: false to be told of no level 1 at all.",
        )
    try:
        ZoneInfo(change.timeZone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise HttpError(
            HTTPStatus.BAD_REQUEST,
            "body.notificationPreferences.timeZone",
            "is not the name of a time zone.",
            "Send one such as Europe/Berlin.",
        ) from None


handler = app.handler
