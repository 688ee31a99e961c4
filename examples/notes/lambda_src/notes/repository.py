"""The notes of a user: what the handlers ask, in the words of the system."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from keyline.moments import iso_now
from keyline.run import Page, Store
from notes.patterns import NOTE_CREATE, NOTE_GET, OWNER_NOTES
from notes.tables import Note


@dataclass(frozen=True)
class NoteRepository:
    """Notes. Only its owner can read a note."""

    store: Store

    def create(self, owner: str, text: str) -> Note:
        """Store a new note and return it."""
        note = Note(id=str(uuid.uuid4()), owner=owner, text=text, written_at=iso_now())
        return self.store.put(NOTE_CREATE, note)

    def get(self, owner: str, id: str) -> Note | None:
        """Return a note of the owner, or None if it does not exist.

        A note of another user is None too: nobody learns that it exists.
        """
        note = self.store.get(NOTE_GET, id=id)
        return note if note is not None and note.owner == owner else None

    def page(self, owner: str, *, limit: int, cursor: str | None) -> Page[Note]:
        """Return a page of the owner's notes, newest first.

        Parameters
        ----------
        cursor
            The cursor that the page before gave; None for the first page.
        """
        return self.store.query(OWNER_NOTES, limit=limit, cursor=cursor, caller=owner, owner=owner)
