"""The access patterns of the notes system, with expected sizes and rates."""

from __future__ import annotations

from keyline.model import Get, Put, Query
from notes.tables import NOTES, Note

NOTE_BYTES = 400

NOTE_CREATE = Put(
    name="note-create",
    why="Store a new note. An existing note is never overwritten.",
    table=NOTES,
    shape=Note,
    item_bytes=NOTE_BYTES,
    per_month=10_000,
)
NOTE_GET = Get(
    name="note-get",
    why="Show one note, as of the last write.",
    table=NOTES,
    shape=Note,
    consistent=True,
    item_bytes=NOTE_BYTES,
    per_month=50_000,
)
OWNER_NOTES = Query(
    name="owner-notes",
    why="Show the notes of a user, newest first.",
    table=NOTES,
    shape=Note,
    index="ByOwner",
    descending=True,
    page=20,
    items=20,
    item_bytes=NOTE_BYTES,
    per_month=20_000,
)
