"""The notes of a user: what the handlers ask, in the words of the system."""

from __future__ import annotations

import uuid

import msgspec

from keyline.idempotency import IdempotencyKey, put_identified
from keyline.moments import iso_now
from keyline.run import Page, Store
from notes.patterns import NOTE_CREATE, NOTE_GET, OWNER_NOTES
from notes.tables import Note


class NoteRepository(msgspec.Struct, frozen=True):
    """Notes. Only its owner can read a note."""

    store: Store

    def create(self, owner: str, text: str, key: IdempotencyKey | None = None) -> tuple[Note, bool]:
        """Store a new note. With a key, store it once for all tries of the request.

        Returns
        -------
        tuple[Note, bool]
            The note, and whether an earlier try of the request has stored it.

        Raises
        ------
        KeyReusedError
            If the key came with another request before.
        """
        note = Note(
            id=str(uuid.UUID(key.id) if key else uuid.uuid4()),
            owner=owner,
            text=text,
            written_at=iso_now(),
            request=key.content if key else None,
        )
        if key is None:
            return self.store.put(NOTE_CREATE, note), False
        return put_identified(self.store, NOTE_CREATE, note, key, lambda stored: stored.request)

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
