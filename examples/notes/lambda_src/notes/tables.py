"""The table of the notes system, and the items in it."""

from __future__ import annotations

import msgspec

from keyline.model import Index, Key, Retention, Table, Ttl


class Note(msgspec.Struct, kw_only=True):
    """A note of one user.

    Attributes
    ----------
    id
        A UUID: random, or made of the idempotency key of the request.
    owner
        The subject of the token that the note was written with.
    written_at
        The moment in UTC, to the microsecond: `2026-01-31T10:00:00.123456Z`.
    expires_at
        Epoch seconds. The store fills it in.
    request
        What the request held, as a digest; None if it had no idempotency key.
    """

    id: str
    owner: str
    text: str
    written_at: str
    expires_at: int | None = None
    request: str | None = None


NOTES = Table(
    "Notes",
    """Key design:
    id: a note is one item, read by its identifier.
    ByOwner: the notes of one user in order of time, one Query a page.
    """,
    key=Key("id"),
    entities=[Note],
    indexes=[
        Index(
            name="ByOwner",
            key=Key("owner", "written_at"),
            why="The notes of a user, newest first.",
        ),
    ],
    ttl=Ttl("expires_at", Retention(days="keep_days")),
)
