"""A record of a file as a report: checked, completed, and compared with the stored one."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from keyline.errors import KeylineError, instead_of
from keyline.moments import BadMomentError, iso_of
from reports.inputs import Date, Name, ProductId, Reference, ReportId, Title, Version
from reports.tables import Report

UserId = Annotated[str, Meta(min_length=1, max_length=128)]


class RecordRefusedError(KeylineError):
    """A record that is not imported."""


class Imported(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A report as a file holds it: a title and an owner are enough."""

    title: Title
    user_id: UserId | None = None
    id: ReportId | None = None
    author: Name | None = None
    date: Date | None = None
    reference: Reference | None = None
    favorites: set[ProductId] = msgspec.field(default_factory=set)
    created_at: str | None = None
    updated_at: str | None = None
    version: Version | None = None


@dataclass(frozen=True)
class Candidate:
    """A report to be stored.

    Attributes
    ----------
    given
        What the record itself says; only that is compared with a report that is there.
    """

    line: int
    report: Report
    given: frozenset[str]

    def equals(self, stored: Report) -> bool:
        """Whether a stored report is this one.

        What the record leaves out is no difference where the import makes it up: the moments and
        the version. Left out otherwise, the stored report has to be without it too.
        """
        made_up = {"created_at", "updated_at", "version"} - self.given
        names = [field.name for field in msgspec.structs.fields(Report)]
        return all(
            getattr(self.report, name) == getattr(stored, name)
            for name in names
            if name not in made_up
        )


@dataclass(frozen=True)
class Converter:
    """Makes reports of records.

    Parameters
    ----------
    user_id
        Whose a report is that names no owner; None where each has to.
    moment
        When a report was created that does not say it: the same for the whole import, so that
        a second try makes the same reports.
    max_favorites
        The most favourites of one report.
    """

    user_id: str | None
    moment: str
    max_favorites: int

    def candidate(self, line: int, value: Any) -> Candidate:
        """The report of a record.

        Raises
        ------
        RecordRefusedError
            With the path in the record, if it cannot be one.
        """
        record = _decoded(value)
        owner = record.user_id or self.user_id
        if owner is None:
            raise RecordRefusedError(
                "user_id", "is missing.", "Name the report's owner, or all owners with --user-id."
            )
        if len(record.favorites) > self.max_favorites:
            raise RecordRefusedError(
                "favorites",
                f"holds {len(record.favorites)}; a report has {self.max_favorites} at most.",
                "Leave some out.",
            )
        created = _moment("created_at", record.created_at)
        updated = _moment("updated_at", record.updated_at) or created
        report = Report(
            id=record.id or _derived(owner, record, created),
            user_id=owner,
            title=record.title,
            author=record.author,
            date=record.date,
            reference=record.reference,
            favorites=record.favorites,
            created_at=created or self.moment,
            updated_at=updated or self.moment,
            version=record.version or 1,
        )
        given = frozenset(name for name, said in value.items() if said is not None)
        return Candidate(line, report, given)


def owner(user_id: str) -> str:
    """A user's identifier, if a record could name it as the owner.

    Raises
    ------
    KeylineError
        If none could.
    """
    try:
        user_id.encode()
        return msgspec.convert(user_id, UserId)
    except (UnicodeEncodeError, msgspec.ValidationError) as error:
        raise KeylineError(
            "--user-id", f"{user_id!r} is no user.", "Name one of 1 to 128 characters."
        ) from error


def _decoded(value: Any) -> Imported:
    if not isinstance(value, Mapping):
        raise RecordRefusedError(
            "", "is no JSON object.", 'Write {"title": "...", "user_id": "..."}.'
        )
    known = [field.name for field in msgspec.structs.fields(Imported)]
    for name in value:
        if name not in known:
            raise RecordRefusedError(
                str(name), "is no attribute of a report.", instead_of(str(name), known)
            )
    try:
        msgspec.json.encode(value)
    except UnicodeEncodeError as error:
        raise RecordRefusedError("", "holds half of a surrogate pair, which is no text.") from error
    except RecursionError as error:
        raise RecordRefusedError("", "is nested too deeply.") from error
    said = {name: each for name, each in value.items() if each is not None}
    try:
        return msgspec.convert(said, Imported)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$")
        path = place.rstrip("`").lstrip(".")
        raise RecordRefusedError(path or "title", f"{message[0].lower()}{message[1:]}.") from error


def _moment(name: str, text: str | None) -> str | None:
    """A moment as the tables hold it, so that texts sort."""
    if text is None:
        return None
    try:
        return iso_of(datetime.fromisoformat(text))
    except (ValueError, BadMomentError) as error:
        raise RecordRefusedError(
            name, f"{text!r} is no moment with a time zone.", "Write 2026-01-31T12:00:00Z."
        ) from error


def _derived(owner: str, record: Imported, created: str | None) -> str:
    """An identifier of owner and content: the same line makes the same report, however often."""
    content = [
        owner,
        record.title,
        record.author,
        record.date,
        record.reference,
        sorted(record.favorites),
        created,
    ]
    return str(uuid.UUID(bytes=hashlib.sha256(msgspec.json.encode(content)).digest()[:16]))
