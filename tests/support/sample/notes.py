"""A system that uses what the run time can do, for its tests.

Its attributes have names that are reserved words of DynamoDB's.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from keyline.model import (
    KEYS_ONLY,
    BatchGet,
    BatchWrite,
    Check,
    Delete,
    Entity,
    Function,
    Get,
    Index,
    Key,
    Put,
    Query,
    Retention,
    System,
    Table,
    TransactGet,
    TransactWrite,
    Ttl,
    Update,
    absent,
    any_of,
    at_least,
    begins_with,
    between,
    compressed,
    equals,
    include,
    less_than,
)

HOUR_MS = 3_600_000.0


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of the system: how long notes are kept, and how topics are sharded."""

    noteDays: float = 30.0
    topicShards: int = 1


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
    "KeylineNotes",
    "Key design: an owner's notes lie together, in the order of time.",
    key=Key("owner", "timestamp"),
    entities=[Note],
    ttl=Ttl("ttl", Retention(days="noteDays", since="timestamp")),
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


class Account(msgspec.Struct, kw_only=True):
    """An account, the first item of its collection."""

    accountId: int
    name: str
    balance: int = 0


class Event(msgspec.Struct, kw_only=True):
    """Something that happened to an account."""

    accountId: int
    day: Annotated[str, msgspec.Meta(min_length=10, max_length=10)]
    number: int
    reason: str | None = None
    bytes: int = 0


ACCOUNTS = Table(
    "KeylineAccounts",
    "Key design: an account and its events are one collection; the day leads in the sort key.",
    key=Key("pk", "sk"),
    entities=[
        Entity(
            Account,
            keys={"pk": "ACCOUNT#{accountId}", "sk": "PROFILE"},
            constants={"kind": "account"},
        ),
        Entity(
            Event,
            keys={
                "pk": "ACCOUNT#{accountId}",
                "sk": "EVENT#{day}#{number:06d}",
                "reasonKey": "REASON#{reason}",
            },
            constants={"kind": "event"},
        ),
    ],
    indexes=[
        Index(
            name="ByReason",
            key=Key("reasonKey", "sk"),
            why="Events of a reason.",
            projection=KEYS_ONLY,
            sparse=True,
        )
    ],
)


class Reference(msgspec.Struct, kw_only=True):
    """What an index of keys alone holds."""

    pk: str
    sk: str


def _account(name: str, shape: type[Any] = Event, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "why": "Tested.",
        "table": ACCOUNTS,
        "shape": shape,
        "item_bytes": 200,
        "per_month": 1,
        **more,
    }


GET_ACCOUNT = Get(**_account("get-account", Account))
PUT_ACCOUNT = Put(**_account("put-account", Account))
PAY = Update(add=("balance",), **_account("pay", Account))
PUT_EVENT = Put(**_account("put-event"))
GET_EVENT = Get(**_account("get-event"))
EVENTS = Query(sort=begins_with("sk"), **_account("events"))
EVENTS_OF_DAY = Query(sort=equals("sk", "day"), **_account("events-of-day"))
EVENTS_BETWEEN = Query(sort=between("sk", "day"), **_account("events-between"))
EVENTS_FROM = Query(sort=at_least("sk", "day"), **_account("events-from"))
EVENTS_BEFORE = Query(sort=less_than("sk", "day"), **_account("events-before"))
EVENTS_OF_MONTH = Query(sort=begins_with("sk", "day"), **_account("events-of-month"))
EVENTS_NUMBERED = Query(sort=between("sk", "number"), **_account("events-numbered"))
BY_REASON = Query(index="ByReason", entity=Event, **_account("by-reason", Reference))
EXPLAIN = Update(set=("reason",), **_account("explain"))
ACCOUNT_EXISTS = Check(**_account("account-exists", Account))
PUT_BOTH = TransactWrite(
    parts=(PUT_ACCOUNT, PUT_EVENT, PAY, ACCOUNT_EXISTS), **_account("put-both", Account)
)
READ_BOTH = TransactGet(parts=(GET_ACCOUNT, GET_EVENT), **_account("read-both", Account))
MOVE = TransactWrite(parts=(PUT_NOTE, EDIT_NOTE, DROP_NOTE, CHECK_NOTE), **_note("move"))

SYSTEM = System(
    name="declared",
    title="Declared for tests",
    tables=(NOTES, ACCOUNTS),
    settings=Settings,
    functions=(
        Function(
            name="all",
            handler="declared.handlers.all.handler",
            why="All.",
            patterns=(
                *(GET_NOTE, GET_NOTE_NOW, GET_TITLE, PUT_NOTE, REPLACE_NOTE, REPLACE_SMALLER),
                *(NOTES_OF, NOTES_SINCE, BY_NAME, BY_STATUS, BY_TOPIC, BY_TOPIC_LAST),
                *(EDIT_NOTE, COUNT_NOTE, TALLY_NOTE, STRIP_NOTE, DROP_NOTE, DROP_EXISTING),
                *(GET_NOTES, WRITE_NOTES, MOVE, EXPLAIN, PUT_BOTH, READ_BOTH),
                *(EVENTS, EVENTS_OF_DAY, EVENTS_BETWEEN, EVENTS_FROM, EVENTS_BEFORE),
                *(EVENTS_OF_MONTH, EVENTS_NUMBERED),
                BY_REASON,
            ),
        ),
    ),
)


def note(owner: str = "ann", timestamp: float = 0.0, **more: Any) -> Note:
    """A note with defaults."""
    given: dict[str, Any] = {"name": "plan", "size": 1, "topic": "work", **more}
    return Note(owner=owner, timestamp=timestamp, **given)
