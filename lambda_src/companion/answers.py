"""The bodies of the answers to caregivers."""

from __future__ import annotations

from typing import Annotated

import msgspec

from companion.inputs import Cursor
from companion.tables import (
    Assignment,
    DayCount,
    Iso,
    Log,
    Medication,
    Patient,
    PatientId,
    Person,
    Routine,
    SafetyProfile,
    Version,
)

Text = Annotated[str, msgspec.Meta(examples=["What are my pills?"])]


class PatientAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A patient.

    Attributes
    ----------
    version
        Send it with the next change.
    """

    patientId: PatientId
    preferredName: Annotated[str, msgspec.Meta(examples=["Ada"])]
    dementiaStage: Annotated[str, msgspec.Meta(examples=["early"])] | None
    people: list[Person]
    routines: list[Routine]
    medications: list[Medication]
    safetyProfile: SafetyProfile
    alexaUserId: Annotated[str, msgspec.Meta(examples=["amzn1.ask.account.EXAMPLE"])] | None
    createdAt: Iso
    updatedAt: Iso
    version: Version

    @classmethod
    def of(cls, patient: Patient) -> PatientAnswer:
        """Return the answer about a patient."""
        return cls(**{name: getattr(patient, name) for name in cls.__struct_fields__})


class AssignmentPage(msgspec.Struct, frozen=True):
    """Assignments, and the cursor of the next page; null after the last page."""

    assignments: list[Assignment]
    cursor: Cursor | None = None


class LogAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A turn of a conversation."""

    timestamp: Annotated[str, msgspec.Meta(examples=["2026-01-31T10:30:00.000Z#0f8fad5b"])]
    userUtterance: Text
    assistantResponse: Annotated[str, msgspec.Meta(examples=["I am here with you."])]
    intent: Annotated[str, msgspec.Meta(examples=["ConversationIntent"])]
    escalationLevel: Annotated[int, msgspec.Meta(examples=[0])]
    repeatCount: Annotated[int, msgspec.Meta(examples=[0])]

    @classmethod
    def of(cls, log: Log) -> LogAnswer:
        """Return the answer about a turn."""
        return cls(**{name: getattr(log, name) for name in cls.__struct_fields__})


class LogPage(msgspec.Struct, frozen=True):
    """Turns, and the cursor of the next page; null after the last page."""

    conversations: list[LogAnswer]
    cursor: Cursor | None = None


class DayAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The turns of a patient on a UTC day, summed up."""

    day: Annotated[str, msgspec.Meta(examples=["2026-01-31"])]
    conversations: Annotated[int, msgspec.Meta(examples=[31])]
    repeated: Annotated[int, msgspec.Meta(examples=[2])]
    concerns: Annotated[int, msgspec.Meta(examples=[1])]
    emergencies: Annotated[int, msgspec.Meta(examples=[0])]

    @classmethod
    def of(cls, count: DayCount) -> DayAnswer:
        """Return the answer about a day."""
        return cls(**{name: getattr(count, name) for name in cls.__struct_fields__})


class DayPage(msgspec.Struct, frozen=True):
    """Days, and the cursor of the next page; null after the last page."""

    days: list[DayAnswer]
    cursor: Cursor | None = None


class ErasureAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The items that were erased, and what remains where.

    Attributes
    ----------
    logs
        How many turns were erased.
    remainsUntil
        Until when backups of the tables may hold what was erased.
    """

    patientId: PatientId
    erasedAt: Iso
    logs: Annotated[int, msgspec.Meta(examples=[31])]
    remainsUntil: Iso
