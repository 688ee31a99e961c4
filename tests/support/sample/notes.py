"""The notes of the shop's staff: all that the run time does with one kind of item.

The attributes have names that are reserved words of DynamoDB's.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from keyline.model import (
    BatchGet,
    BatchWrite,
    Check,
    Delete,
    Function,
    Get,
    Index,
    Key,
    Put,
    Query,
    Retention,
    Table,
    TransactWrite,
    Ttl,
    Update,
    absent,
    any_of,
    at_least,
    between,
    compressed,
    equals,
    include,
    less_than,
)


class Note(msgspec.Struct, kw_only=True):
    """A note, in several indexes."""

    owner: str
    timestamp: float
    name: str
    size: int
    topic: str
    response: Annotated[str, compressed(above=300)] = ""
    status: str | None = None
    tags: set[str] = msgspec.field(default_factory=set)
    count: int = 0
    version: int = 1
    ttl: int | None = None


class Title(msgspec.Struct, kw_only=True):
    """The little of a note that a list shows."""

    name: str
    timestamp: float


NOTES = Table(
    "StaffNotes",
    "Key design: an owner's notes lie together, in the order of time.",
    key=Key("owner", "timestamp"),
    entities=[Note],
    ttl=Ttl("ttl", Retention(days="days", since="timestamp")),
    indexes=[
        Index(name="ByName", key=Key("name", "timestamp"), why="Notes of a name."),
        Index(
            name="ByStatus",
            key=Key("status", "timestamp"),
            why="Notes with a status.",
            projection=include("name", "ttl"),
            sparse=True,
        ),
        Index(
            name="ByTopic",
            key=Key("topic", "timestamp"),
            why="Notes of a topic.",
            shards="topicShards",
            cardinality=3,
        ),
    ],
)


def _note(name: str, shape: type[Any] = Note) -> dict[str, Any]:
    return {
        "name": name,
        "why": "Tested.",
        "table": NOTES,
        "shape": shape,
        "item_bytes": 300,
        "per_month": 1,
    }


GET_NOTE = Get(**_note("get-note"))
GET_NOTE_NOW = Get(consistent=True, **_note("get-note-now"))
GET_TITLE = Get(**_note("get-title", Title))
PUT_NOTE = Put(**_note("put-note"))
REPLACE_NOTE = Put(replace=True, **_note("replace-note"))
REPLACE_SMALLER = Put(
    replace=True,
    conditions=(any_of(absent("size"), less_than("size")),),
    **_note("replace-smaller"),
)
NOTES_OF = Query(page=20, **_note("notes-of"))
NOTES_SINCE = Query(sort=at_least("timestamp"), descending=True, **_note("notes-since"))
BY_NAME = Query(index="ByName", sort=between("timestamp"), page=20, **_note("by-name"))
BY_STATUS = Query(index="ByStatus", **_note("by-status", Title))
BY_TOPIC = Query(index="ByTopic", page=20, **_note("by-topic"))
BY_TOPIC_LAST = Query(index="ByTopic", page=20, descending=True, **_note("by-topic-last"))
EDIT_NOTE = Update(
    set=("name", "response", "status", "size"),
    add=("tags",),
    version="version",
    **_note("edit-note"),
)
COUNT_NOTE = Update(add=("count",), **_note("count-note"))
TALLY_NOTE = Update(
    set=("name", "topic"),
    set_once=("size",),
    add=("count",),
    upsert=True,
    **_note("tally-note"),
)
STRIP_NOTE = Update(remove=("status",), discard=("tags",), **_note("strip-note"))
DROP_NOTE = Delete(**_note("drop-note"))
DROP_EXISTING = Delete(must_exist=True, conditions=(equals("name"),), **_note("drop-existing"))
CHECK_NOTE = Check(conditions=(equals("name"),), **_note("check-note"))
GET_NOTES = BatchGet(**_note("get-notes"))
WRITE_NOTES = BatchWrite(**_note("write-notes"))
MOVE = TransactWrite(parts=(PUT_NOTE, EDIT_NOTE, DROP_NOTE, CHECK_NOTE), **_note("move"))

NOTE_TAKER = Function(
    name="notes",
    handler="orders.notes.handler",
    why="Keeps the notes of the staff.",
    patterns=(
        *(GET_NOTE, GET_NOTE_NOW, GET_TITLE, PUT_NOTE, REPLACE_NOTE, REPLACE_SMALLER),
        *(NOTES_OF, NOTES_SINCE, BY_NAME, BY_STATUS, BY_TOPIC, BY_TOPIC_LAST),
        *(EDIT_NOTE, COUNT_NOTE, TALLY_NOTE, STRIP_NOTE, DROP_NOTE, DROP_EXISTING),
        *(GET_NOTES, WRITE_NOTES, MOVE),
    ),
)


def note(owner: str = "ann", timestamp: float = 0.0, **more: Any) -> Note:
    """Return a note with defaults."""
    given: dict[str, Any] = {"name": "plan", "size": 1, "topic": "work", **more}
    return Note(owner=owner, timestamp=timestamp, **given)
