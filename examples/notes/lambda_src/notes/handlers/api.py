"""Stores and shows the notes of the caller.

A note belongs to the subject of the token.
The note of another user answers 404, as if it did not exist.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

import msgspec

from keyline.http import App, Caller, Response, missing, replayed
from keyline.idempotency import IdempotencyKey
from keyline.inputs import MultiLine, PathId
from keyline.run import Page, Store
from notes.repository import NoteRepository
from notes.system import SYSTEM
from notes.tables import Note

NoteId = Annotated[
    PathId, msgspec.Meta(max_length=64, examples=["0f8fad5b-d9cb-469f-a165-70867728950e"])
]
Text = Annotated[MultiLine, msgspec.Meta(max_length=4000, examples=["Buy milk."])]
Limit = Annotated[int, msgspec.Meta(ge=1, le=100, examples=[20])]


class NewNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A note as it is sent."""

    text: Text


class PageQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The page of the notes."""

    limit: Limit = 20
    cursor: str | None = None


class NoteAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A note as its owner sees it.

    Attributes
    ----------
    written_at
        The moment in UTC.
    """

    id: str
    text: str
    written_at: str

    @classmethod
    def of(cls, note: Note) -> NoteAnswer:
        """Return the answer about a note."""
        return cls(id=note.id, text=note.text, written_at=note.written_at)


class NotePage(msgspec.Struct, frozen=True):
    """Notes, and the cursor of the next page: null on the last page."""

    notes: list[NoteAnswer]
    cursor: str | None = None

    @classmethod
    def of(cls, page: Page[Note]) -> NotePage:
        """Return the answer about a page of notes."""
        return cls([NoteAnswer.of(note) for note in page.items], page.cursor)


app = App(SYSTEM)
_notes = NoteRepository(Store.for_function(SYSTEM))


@app.post("/notes", status=HTTPStatus.CREATED)
def create(body: NewNote, caller: Caller, key: IdempotencyKey | None) -> Response[NoteAnswer]:
    """Store a note. The header `Location` holds its address."""
    note, earlier = _notes.create(caller.subject, body.text, key)
    headers = {"Location": f"/notes/{note.id}", **replayed(earlier)}
    return Response(NoteAnswer.of(note), headers=headers)


@app.get("/notes")
def page(query: PageQuery, caller: Caller) -> NotePage:
    """Show the notes of the caller, newest first."""
    return NotePage.of(_notes.page(caller.subject, limit=query.limit, cursor=query.cursor))


@app.get("/notes/{id}")
def show(id: NoteId, caller: Caller) -> NoteAnswer:
    """Show one note of the caller."""
    note = _notes.get(caller.subject, id)
    if note is None:
        raise missing("path.id", "note")
    return NoteAnswer.of(note)


handler = app.handler
