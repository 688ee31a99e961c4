"""A record of a file as a report: checked and completed."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from keyline.errors import instead_of
from keyline.inputs import SingleLine
from keyline.moments import BadMomentError, iso_of
from keyline.wording import Wording
from keyline_ops.importing.declaration import Candidate, Converter, Import, RecordRefusedError
from reports.inputs import Date, Name, ProductId, Reference, ReportId, Title, Version
from reports.patterns import REPORT_CREATE
from reports.settings import Settings
from reports.system import SYSTEM
from reports.tables import Report

UserId = Annotated[SingleLine, Meta(max_length=128)]

_MADE_UP = frozenset({"created_at", "updated_at", "version"})
"""What the import makes up where a record leaves it out."""


class Options(msgspec.Struct, frozen=True):
    """The options of an import of reports."""

    user_id: Annotated[
        UserId | None,
        Meta(description="The owner of reports that name none: 1 to 128 characters."),
    ] = None


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


_WORDING = Wording(Imported)


def converter(options: Options, settings: Settings, moment: str) -> Converter[Report]:
    """Return what makes reports of records.

    Parameters
    ----------
    moment
        When a report was created that does not say it: the same for the whole import, so that
        a second try makes the same reports.
    """

    def convert(value: Any) -> Candidate[Report]:
        record = _decoded(value)
        owner = record.user_id or options.user_id
        if owner is None:
            suggestion = "Name the report's owner, or all owners with --set user_id=ada."
            raise RecordRefusedError("user_id", "is missing.", suggestion)
        if len(record.favorites) > settings.max_favorites:
            raise RecordRefusedError(
                "favorites",
                f"holds {len(record.favorites)}; a report has {settings.max_favorites} at most.",
                "Leave some out.",
            )
        created = _moment("created_at", record.created_at)
        updated = _moment("updated_at", record.updated_at) or created
        report = Report(
            id=record.id or _derived(owner, record, created),
            user_id=owner,
            title=record.title,
            author=record.author,
            date=record.date.isoformat() if record.date else None,
            reference=record.reference,
            favorites=record.favorites,
            created_at=created or moment,
            updated_at=updated or moment,
            version=record.version or 1,
        )
        given = {name for name, said in value.items() if said is not None}
        return Candidate(item=report, made_up=_MADE_UP - given)

    return convert


def _decoded(value: Any) -> Imported:
    if not isinstance(value, Mapping):
        raise RecordRefusedError(
            "", "is not a JSON object.", 'Write {"title": "...", "user_id": "..."}.'
        )
    known = [field.name for field in msgspec.structs.fields(Imported)]
    for name in value:
        if name not in known:
            raise RecordRefusedError(
                str(name), "is not an attribute of a report.", instead_of(str(name), known)
            )
    try:
        msgspec.json.encode(value)
    except UnicodeEncodeError as error:
        raise RecordRefusedError(
            "",
            "holds half of a surrogate pair, which is not text.",
            "Write the file again in UTF-8, or remove the character.",
        ) from error
    except RecursionError as error:
        raise RecordRefusedError(
            "", "is nested too deeply.", "Put fewer lists into each other."
        ) from error
    said = {name: each for name, each in value.items() if each is not None}
    try:
        return msgspec.convert(said, Imported)
    except msgspec.ValidationError as error:
        raise RecordRefusedError(*_WORDING.fault(error)) from error


def _moment(name: str, text: str | None) -> str | None:
    """Return a moment as the tables hold it, so that texts sort."""
    if text is None:
        return None
    try:
        return iso_of(datetime.fromisoformat(text))
    except (ValueError, BadMomentError) as error:
        raise RecordRefusedError(
            name, f"{text!r} is not a moment with a time zone.", "Write 2026-01-31T12:00:00Z."
        ) from error


def _derived(owner: str, record: Imported, created: str | None) -> str:
    """Return an identifier of owner and content.

    The same line makes the same report, however often it comes.
    """
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


IMPORT = Import(
    system=SYSTEM,
    pattern=REPORT_CREATE,
    noun="report",
    options=Options,
    converter=converter,
)
