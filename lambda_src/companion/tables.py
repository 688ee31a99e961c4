"""The companion system's tables and the items in them."""

from __future__ import annotations

from typing import Annotated

import msgspec

from keyline.growth import growth_table
from keyline.model import Entity, Index, Key, Retention, StreamView, Table, Ttl, compressed

Text = Annotated[str, compressed(above=1024)]
Level = Annotated[int, msgspec.Meta(ge=0, le=10)]
Iso = Annotated[str, msgspec.Meta(examples=["2026-01-31T10:30:00.123456Z"])]
CaregiverId = Annotated[str, msgspec.Meta(examples=["carer-1"])]
PatientId = Annotated[str, msgspec.Meta(examples=["patient-1"])]
Clock = Annotated[str, msgspec.Meta(examples=["22:00"])]
Version = Annotated[int, msgspec.Meta(examples=[1])]


def _such_as(example: str) -> msgspec.Meta:
    return msgspec.Meta(examples=[example])


class Preferences(msgspec.Struct, kw_only=True, frozen=True):
    """The times when a caregiver wants to be told of level 1. Level 2 is always told.

    Attributes
    ----------
    level1Alerts
        Whether level 1 is told at all.
    quietHoursStart, quietHoursEnd
        Wall clock times, such as `22:00`. The end is not quiet any more. Both or none.
    timeZone
        The name of an IANA time zone, in which the times are.
    """

    level1Alerts: Annotated[bool, msgspec.Meta(examples=[True])] = True
    quietHoursStart: Clock | None = None
    quietHoursEnd: Clock | None = None
    timeZone: Annotated[str, _such_as("Europe/Berlin")] = "UTC"


class Caregiver(msgspec.Struct, kw_only=True):
    """A caregiver: a user of the API.

    Attributes
    ----------
    username
        What the token calls its user.
    caregiverId
        The subject of the caregiver's tokens.
    """

    username: CaregiverId
    caregiverId: CaregiverId
    createdAt: Iso
    updatedAt: Iso
    displayName: Annotated[str, _such_as("Grace")] | None = None
    notificationPreferences: Preferences = msgspec.field(default_factory=Preferences)
    version: Version = 1


class Person(msgspec.Struct, kw_only=True, frozen=True):
    """Somebody whom a patient knows."""

    name: Annotated[str, _such_as("Eve")]
    relation: Annotated[str, _such_as("daughter")]


class Medication(msgspec.Struct, kw_only=True, frozen=True):
    """A medicine that a patient takes."""

    name: Annotated[str, _such_as("Aspirin")]
    dose: Annotated[str, _such_as("100 mg")]
    times: tuple[Clock, ...] = ()


class Routine(msgspec.Struct, kw_only=True, frozen=True):
    """A routine of a patient: an activity at a time of each day."""

    time: Clock
    activity: Annotated[str, _such_as("breakfast")]


class SafetyProfile(msgspec.Struct, kw_only=True, frozen=True):
    """A fact that a helper must know."""

    allergies: tuple[Annotated[str, _such_as("nuts")], ...] = ()
    notes: Annotated[str, _such_as("Wears glasses.")] | None = None


class Patient(msgspec.Struct, kw_only=True):
    """The profile of a patient.

    Attributes
    ----------
    alexaUserId
        The Alexa user of the patient's device.
    version
        The number of changes, from 1.
    request
        What the request that created the patient held, as a digest.
    """

    patientId: str
    preferredName: str
    createdAt: str
    updatedAt: str
    dementiaStage: str | None = None
    people: list[Person] = msgspec.field(default_factory=list)
    routines: list[Routine] = msgspec.field(default_factory=list)
    medications: list[Medication] = msgspec.field(default_factory=list)
    safetyProfile: SafetyProfile = msgspec.field(default_factory=SafetyProfile)
    lastModifiedBy: str | None = None
    alexaUserId: str | None = None
    version: int = 1
    request: str | None = None


class Profile(msgspec.Struct, kw_only=True):
    """The part of a patient that a conversation needs."""

    patientId: str
    preferredName: str
    dementiaStage: str | None = None
    people: list[Person] = msgspec.field(default_factory=list)
    routines: list[Routine] = msgspec.field(default_factory=list)
    medications: list[Medication] = msgspec.field(default_factory=list)
    safetyProfile: SafetyProfile = msgspec.field(default_factory=SafetyProfile)

    @classmethod
    def of(cls, patient: Patient) -> Profile:
        """Return the part of a patient."""
        return cls(**{name: getattr(patient, name) for name in cls.__struct_fields__})


class Assignment(msgspec.Struct, kw_only=True):
    """An assignment: the caregiver may see the patient.

    Attributes
    ----------
    isPrimary
        Whether the caregiver created the patient, and so may erase the patient.
    """

    caregiverId: CaregiverId
    patientId: PatientId
    assignedAt: Iso
    isPrimary: Annotated[bool, msgspec.Meta(examples=[True])] = False


class Log(msgspec.Struct, kw_only=True):
    """One turn of a conversation.

    Attributes
    ----------
    timestamp
        When Alexa sent the turn, and a digest of Alexa's id of it: `2026-01-31T10:00:00.000Z#...`.
        So a turn that is sent twice has one key, and two turns of one moment have two.
    escalationLevel
        0 for no escalation, 1 for concern, 2 for an emergency.
    escalation
        `2#` and the timestamp, where the level is above 0. Only such turns are in the index.
    expiresAt
        Epoch seconds.
    """

    patientId: str
    timestamp: str
    userUtterance: Text
    assistantResponse: Text
    intent: str
    escalationLevel: Level
    repeatCount: int = 0
    source: str = "alexa"
    escalation: str | None = None
    expiresAt: int | None = None

    @property
    def at(self) -> str:
        """Return when Alexa sent the turn."""
        return self.timestamp.partition("#")[0]


class LogKey(msgspec.Struct, kw_only=True):
    """The part of a turn that erasing needs."""

    patientId: str
    timestamp: str
    escalationLevel: Level


class TurnMark(msgspec.Struct, kw_only=True):
    """The part of a turn that the activity of a day is made of."""

    patientId: str
    timestamp: str
    escalationLevel: Level
    repeatCount: int = 0


class Conversation(msgspec.Struct, kw_only=True):
    """The item that each turn of a patient reads first.

    Attributes
    ----------
    stamp
        A random text, new with each change of the profile, of an assignment or of the Alexa
        user. What a process remembers is used only with the same stamp.
    profileVersion
        The version of the profile. A profile that DAX has is used only if it is of this version.
    turns
        The latest turns, as `companion.repetition` packs them.
    """

    patientId: str
    stamp: str
    turns: bytes = b""
    profileVersion: int = 0


class AlexaUser(msgspec.Struct, kw_only=True):
    """The patient of an Alexa user."""

    alexaUserId: str
    patientId: str
    caregiverId: str
    username: str


class DayCount(msgspec.Struct, kw_only=True):
    """The turns of a patient on a UTC day. Each day has an item, so each day begins at 0.

    Attributes
    ----------
    conversations
        Turns, counted with each of them.
    repeated, concerns, emergencies
        Turns with words that were said before, of level 1 and of level 2, as the stream told last.
    """

    patientId: str
    day: str
    conversations: int = 0
    repeated: int = 0
    concerns: int = 0
    emergencies: int = 0
    lastConversationAt: str | None = None
    lastEscalationLevel: Level = 0


class Alert(msgspec.Struct, kw_only=True):
    """The claim to tell a caregiver of an escalation.

    Attributes
    ----------
    claimedAt
        Epoch seconds at which a process began to tell it; 0 if the process has given it up.
    sent
        Whether it was told.
    """

    patientId: str
    timestamp: str
    caregiverId: str
    level: Level
    claimedAt: float
    sent: bool = False


class Audit(msgspec.Struct, kw_only=True):
    """The record that a patient was erased. The record holds no health data."""

    patientId: str
    erasedAt: str
    erasedBy: str
    logs: int


CAREGIVERS = Table(
    "BuddyCaregivers",
    """Key design:
    username: a caregiver is one item.
    caregiverIdIndex: a caregiver by the id that assignments hold.
    """,
    key=Key("username"),
    entities=[Caregiver],
    indexes=[
        Index(name="caregiverIdIndex", key=Key("caregiverId"), why="A caregiver by id."),
    ],
)

PATIENTS = Table(
    "BuddyPatients",
    """Key design:
    patientId: a profile is one item. What changes with each turn is not in it, so that a turn
    never writes a profile.
    """,
    key=Key("patientId"),
    entities=[Patient],
)

ASSIGNMENTS = Table(
    "BuddyAssignments",
    """Key design:
    caregiverId / patientId: whether a caregiver may see a patient is one consistent read.
    patientIdIndex: the caregivers of a patient.
    assignedAtIndex: the assignments of a caregiver, the newest first.
    """,
    key=Key("caregiverId", "patientId"),
    entities=[Assignment],
    indexes=[
        Index(
            name="patientIdIndex",
            key=Key("patientId", "assignedAt"),
            why="The caregivers of a patient.",
        ),
        Index(
            name="assignedAtIndex",
            key=Key("caregiverId", "assignedAt"),
            why="The newest assignments of a caregiver.",
        ),
    ],
)

LOGS = Table(
    "BuddyConversationLogs",
    """Key design:
    patientId / timestamp: the turns of a patient in order of time. A digest after the moment
    keeps two turns of one moment apart.
    escalationLevelIndex: only turns of level 1 and 2 have its sort key, so it is small. Its
    partition is the patient: three levels as partitions would be three hot ones.
    """,
    key=Key("patientId", "timestamp"),
    entities=[Log],
    indexes=[
        Index(
            name="escalationLevelIndex",
            key=Key("patientId", "escalation"),
            why="The escalations of a patient by level.",
            sparse=True,
        ),
    ],
    ttl=Ttl("expiresAt", Retention(days="log_days")),
    stream=StreamView.NEW_AND_OLD_IMAGES,
)

RECORDS = Table(
    "BuddyRecords",
    """Key design:
    ALEXA#user / -: the patient of an Alexa user, found by its key and not by a search.
    DAY#patient / day: the count of a day, apart from the profile.
    NOW#patient / -: the stamp of the profile and the latest turns: one read for each turn.
    ALERT#patient#timestamp / caregiver: an alert is claimed by creating it, once.
    AUDIT#patient / moment: what was erased.
    """,
    key=Key("PK", "SK"),
    discriminator="kind",
    entities=[
        Entity(AlexaUser, keys={"PK": "ALEXA#{alexaUserId}"}, constants={"SK": "-"}, tag="ALEXA"),
        Entity(
            DayCount,
            keys={"PK": "DAY#{patientId}", "SK": "{day}"},
            tag="DAY",
            retention=Retention(days="record_days"),
        ),
        Entity(
            Conversation,
            keys={"PK": "NOW#{patientId}"},
            constants={"SK": "-"},
            tag="NOW",
        ),
        Entity(
            Alert,
            keys={"PK": "ALERT#{patientId}#{timestamp}", "SK": "{caregiverId}"},
            tag="ALERT",
            retention=Retention(days="record_days"),
        ),
        Entity(
            Audit,
            keys={"PK": "AUDIT#{patientId}", "SK": "{erasedAt}"},
            tag="AUDIT",
        ),
    ],
    ttl=Ttl("expiresAt"),
)

SIZES = growth_table("BuddyTableSizes")
