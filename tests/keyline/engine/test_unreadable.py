"""Items that do not fit their shape, on the engine: named, passed over, and hiding no outcome."""

from __future__ import annotations

import json
import logging
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyline.http.problem import status_of
from keyline.model import (
    BatchGet,
    Check,
    Delete,
    Entity,
    Function,
    Get,
    Index,
    Key,
    Put,
    Query,
    System,
    Table,
    TransactGet,
    TransactWrite,
    Ttl,
    Update,
    compressed,
    equals,
    exists,
    one_of,
)
from keyline.run import Meter, Read, Store, Write
from keyline.run.errors import (
    AlreadyExistsError,
    ConditionFailedError,
    ItemUnreadableError,
    NotFoundError,
    TransactionCancelledError,
    VersionConflictError,
)
from keyline.run.misfit import subject
from tests.support.bench import Bench, fresh

SHARDS = 3
OWNER, TOPIC = "ann", "work"


class Settings(msgspec.Struct, frozen=True):
    shards: int = SHARDS


class Detail(msgspec.Struct, kw_only=True):
    size: int


class Entry(msgspec.Struct, kw_only=True):
    owner: str
    n: int
    topic: str
    kind: Literal["a", "b"]
    detail: Detail
    text: Annotated[str, compressed(above=20)] = ""
    version: int = 1
    ttl: int | None = None

    def __post_init__(self) -> None:
        if self.text == "refused":
            raise ValueError(self.text)


class Memo(msgspec.Struct, kw_only=True):
    owner: str
    n: int
    topic: str
    ttl: int | None = None


ENTRIES = Table(
    "KeylineEntries",
    "Key design: all of an owner is one partition. ByTopic: all of a topic by number.",
    key=Key("pk", "sk"),
    entities=[
        Entity(Entry, tag="ENTRY", keys={"pk": "OWNER#{owner}", "sk": "ENTRY#{n:06d}"}),
        Entity(Memo, tag="MEMO", keys={"pk": "OWNER#{owner}", "sk": "MEMO#{n:06d}"}),
    ],
    indexes=[Index(name="ByTopic", key=Key("topic", "sk"), why="Of a topic.", shards="shards")],
    ttl=Ttl("ttl"),
    discriminator="type",
)


def _told(name: str, shape: Any = Entry, **more: Any) -> dict[str, Any]:
    told = {"name": name, "why": "Tested.", "table": ENTRIES, "shape": shape, "item_bytes": 300}
    return {**told, "per_month": 1, **more}


BOTH = one_of(Entry, Memo)
PUT = Put(**_told("put"))
PUT_MEMO = Put(**_told("put-memo", Memo))
GET = Get(**_told("get"))
ALL = Query(**_told("all", BOTH))
ALL_READABLE = Query(**_told("all-readable", BOTH, skip_unreadable=True))
LAST_READABLE = Query(**_told("last-readable", BOTH, skip_unreadable=True, descending=True))
OF_TOPIC = Query(**_told("of-topic", BOTH, index="ByTopic", skip_unreadable=True))
SOME = BatchGet(**_told("some"))
SOME_READABLE = BatchGet(**_told("some-readable", skip_unreadable=True))
REPLACE = Put(**_told("replace", replace=True, conditions=(equals("kind"),)))
CHANGE = Update(**_told("change", set=("kind",), version="version"))
RETEXT = Update(**_told("retext", set=("text",), conditions=(exists("kind"),)))
DELETE = Delete(**_told("delete", conditions=(equals("kind"),)))
DELETE_IT = Delete(**_told("delete-it", must_exist=True, conditions=(equals("kind"),)))
CHECK = Check(**_told("check", conditions=(equals("kind"),)))
WRITE_ALL = TransactWrite(**_told("write-all", parts=(PUT, CHANGE, DELETE, CHECK)))
READ_ALL = TransactGet(**_told("read-all", parts=(GET,)))

SYSTEM = System(
    name="entries",
    title="Declared for tests of items that cannot be read",
    tables=(ENTRIES,),
    settings=Settings,
    functions=(
        Function(
            name="all",
            handler="entries.handlers.all.handler",
            why="All.",
            patterns=(
                *(
                    PUT,
                    PUT_MEMO,
                    GET,
                    ALL,
                    ALL_READABLE,
                    LAST_READABLE,
                    OF_TOPIC,
                    SOME,
                    SOME_READABLE,
                ),
                *(REPLACE, CHANGE, RETEXT, DELETE, DELETE_IT, WRITE_ALL, READ_ALL),
            ),
        ),
    ),
)

FAULTS: dict[str, tuple[str, dict[str, Any]]] = {
    "a wrong type": ("version", {"version": {"S": "secret"}}),
    "a missing field": ("kind", {"kind": None}),
    "an unknown value": ("kind", {"kind": {"S": "secret"}}),
    "a wrong type within": ("detail.size", {"detail": {"M": {"size": {"S": "secret"}}}}),
    "a missing field within": ("detail.size", {"detail": {"M": {"secret": {"N": "1"}}}}),
    "no map": ("detail", {"detail": {"S": "secret"}}),
    "damaged compressed text": ("text", {"text": {"B": b"\x01secret"}}),
    "text of an unknown codec": ("text", {"text": {"B": b"\x07secret"}}),
    "what the shape refuses": ("", {"text": {"S": "refused"}}),
    "no kind": ("type", {"type": None}),
    "an unknown kind": ("type", {"type": {"S": "secret"}}),
}
"""The field that does not fit, and the attributes that make it so."""


def entry(n: int, **more: Any) -> Entry:
    told = {"topic": TOPIC, "kind": "a", "detail": Detail(size=1), **more}
    return Entry(owner=OWNER, n=n, **told)


def key_of(n: int) -> dict[str, Any]:
    return {"pk": {"S": f"OWNER#{OWNER}"}, "sk": {"S": f"ENTRY#{n:06d}"}}


@pytest.fixture(scope="module")
def tables(engine: str) -> Iterator[Bench]:
    with fresh(engine, SYSTEM.tables) as made:
        yield made


class Place:
    """A store, and a hand that changes what it has stored."""

    def __init__(self, bench: Bench) -> None:
        self.admin = bench.admin
        self.name = ENTRIES.physical_name(bench.environment)
        self.store = Store(
            system=SYSTEM,
            environment=bench.environment,
            client=bench.client(),
            meter=Meter(),
            cursor_secret=b"engine tests",
            settings=Settings(),
        )

    def spoil(self, n: int, changes: dict[str, Any]) -> None:
        """Change an entry's attributes as DynamoDB JSON; None takes one away."""
        item = {**self.stored(n), **changes}
        kept = {name: value for name, value in item.items() if value is not None}
        self.admin.put_item(TableName=self.name, Item=kept)

    def stored(self, n: int) -> dict[str, Any]:
        found = self.admin.get_item(TableName=self.name, Key=key_of(n), ConsistentRead=True)
        return dict(found["Item"])

    def clear(self) -> None:
        for item in self.admin.scan(TableName=self.name)["Items"]:
            key = {name: item[name] for name in ENTRIES.key.attributes}
            self.admin.delete_item(TableName=self.name, Key=key)


@pytest.fixture
def place(tables: Bench) -> Iterator[Place]:
    made = Place(tables)
    made.clear()
    yield made
    made.store.close()


@contextmanager
def told() -> Iterator[list[dict[str, Any]]]:
    """Yield the lines that the log gets meanwhile."""
    lines: list[dict[str, Any]] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            assert record.levelno == logging.WARNING
            assert "\n" not in record.getMessage()
            lines.append(json.loads(record.getMessage()))

    logger, handler = logging.getLogger("keyline.run.misfit"), Kept()
    logger.addHandler(handler)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)


def pages(store: Store, pattern: Any, size: int, **values: Any) -> list[list[Any]]:
    found: list[list[Any]] = []
    cursor: str | None = None
    while True:
        page = store.query(pattern, limit=size, cursor=cursor, **values)
        found.append(page.items)
        cursor = page.cursor
        if cursor is None:
            return found


READS: dict[str, Callable[[Store], Any]] = {
    "get": lambda s: s.get(GET, owner=OWNER, n=1),
    "query": lambda s: s.query(ALL, owner=OWNER),
    "items": lambda s: list(s.items(ALL, owner=OWNER)),
    "batch get": lambda s: s.batch_get(SOME, keys=[{"owner": OWNER, "n": n} for n in range(3)]),
    "transact get": lambda s: s.transact_get(
        READ_ALL, [Read(GET, owner=OWNER, n=n) for n in range(2)]
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("read", READS)
def test_what_cannot_be_read_is_named_by_its_key_and_field(
    place: Place, read: str, fault: str
) -> None:
    for n in range(3):
        place.store.put(PUT, entry(n))
    field, changes = FAULTS[fault]
    place.spoil(1, changes)
    with pytest.raises(ItemUnreadableError) as caught:
        READS[read](place.store)
    error = caught.value
    assert (error.key, error.field, error.carried_out) == (key_of(1), field, False)
    assert error.message.startswith("the item with pk 'OWNER#ann', sk 'ENTRY#000001' ")
    assert field in error.message
    assert error.suggestion
    told = "".join(traceback.format_exception(error))
    assert "secret" not in told
    assert "refused" not in told


@pytest.mark.parametrize("fault", FAULTS)
def test_a_batch_goes_on_past_what_cannot_be_read(place: Place, fault: str) -> None:
    stored = [place.store.put(PUT, entry(n)) for n in range(3)]
    field, changes = FAULTS[fault]
    place.spoil(1, changes)
    keys = [{"owner": OWNER, "n": n} for n in range(4)]
    with told() as lines:
        assert place.store.batch_get(SOME_READABLE, keys=keys) == [stored[0], stored[2]]
    assert lines == [
        {
            "message": "unreadable item",
            "pattern": "some-readable",
            "table": "KeylineEntries",
            "key": key_of(1),
            "field": field,
        }
    ]
    call = place.store.meter.calls[-1]
    assert (call.items, call.unreadable, call.failed) == (2, 1, False)


_item = st.tuples(st.sampled_from([Entry, Memo]), st.none() | st.sampled_from(sorted(FAULTS)))


@settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(_item, max_size=15),
    st.integers(1, 6),
    st.sampled_from([ALL_READABLE, LAST_READABLE, OF_TOPIC]),
)
def test_pages_hold_exactly_what_can_be_read(
    place: Place, items: list[tuple[type, str | None]], size: int, pattern: Query[Any]
) -> None:
    # Given entries and memos, of which any may be unreadable
    place.clear()
    store = place.store
    expected: list[Entry | Memo] = []
    spoiled: list[Any] = []
    for n, (shape, fault) in enumerate(items):
        if shape is Memo:
            expected.append(store.put(PUT_MEMO, Memo(owner=OWNER, n=n, topic=TOPIC)))
            continue
        stored = store.put(PUT, entry(n))
        if fault is None:
            expected.append(stored)
        else:
            place.spoil(n, FAULTS[fault][1])
            spoiled.append(key_of(n))
    # The sort key has entries first
    expected.sort(key=lambda item: (type(item).__name__, item.n), reverse=pattern.descending)
    values = {"topic": TOPIC} if pattern.index else {"owner": OWNER}
    # When all is read at once
    before = len(store.meter.calls)
    with told() as lines:
        assert list(store.items(pattern, **values)) == expected
    # Then each that cannot be read is counted and named once
    assert sorted(str(line["key"]) for line in lines) == sorted(map(str, spoiled))
    assert sum(c.unreadable for c in store.meter.calls[before:]) == len(spoiled)
    # And pages hold the others in order, as many as asked for
    before = len(store.meter.calls)
    with told() as lines:
        found = pages(store, pattern, size, **values)
    assert [item for page in found for item in page] == expected
    assert all(len(page) == size for page in found[:-1])
    assert {str(line["key"]) for line in lines} == set(map(str, spoiled))
    assert sum(c.unreadable for c in store.meter.calls[before:]) == len(lines)


KEY: dict[str, Any] = {"owner": OWNER, "n": 1}
OUTCOMES: dict[str, tuple[Callable[[Store], Any], type[ConditionFailedError]]] = {
    "create": (lambda s: s.put(PUT, entry(1)), AlreadyExistsError),
    "replace": (lambda s: s.put(REPLACE, entry(1), kind="b"), ConditionFailedError),
    "change": (lambda s: s.update(CHANGE, {"kind": "b"}, expected=7, **KEY), VersionConflictError),
    "delete": (lambda s: s.delete(DELETE, kind="b", **KEY), ConditionFailedError),
    "delete it": (lambda s: s.delete(DELETE_IT, kind="b", **KEY), ConditionFailedError),
}
PARTS: dict[str, Callable[[], Write]] = {
    "put": lambda: Write.put(PUT, entry(1)),
    "change": lambda: Write.update(CHANGE, {"kind": "b"}, expected=7, **KEY),
    "delete": lambda: Write.delete(DELETE, kind="b", **KEY),
    "check": lambda: Write.check(CHECK, kind="b", **KEY),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("write", OUTCOMES)
def test_the_outcome_of_a_write_comes_before_the_item(place: Place, write: str, fault: str) -> None:
    place.store.put(PUT, entry(1))
    field, changes = FAULTS[fault]
    place.spoil(1, changes)
    before = place.stored(1)
    call, kind = OUTCOMES[write]
    with pytest.raises(ConditionFailedError) as caught:
        call(place.store)
    error = caught.value
    assert type(error) is kind
    assert status_of(error) == 409
    # There is an item, although it cannot be given
    assert error.current is None
    assert error.unreadable is not None
    assert (error.unreadable.key, error.unreadable.field) == (key_of(1), field)
    with pytest.raises(ItemUnreadableError) as why:
        error.current_item()
    assert why.value is error.unreadable
    assert place.stored(1) == before
    assert not place.store.meter.calls[-1].failed


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("part", PARTS)
def test_a_transaction_says_which_action_failed(place: Place, part: str, fault: str) -> None:
    place.store.put(PUT, entry(1))
    field, changes = FAULTS[fault]
    place.spoil(1, changes)
    with pytest.raises(TransactionCancelledError) as caught:
        place.store.transact(WRITE_ALL, [Write.put(PUT, entry(2)), PARTS[part]()])
    (reason,) = caught.value.reasons
    assert (reason.action, reason.pattern, reason.code) == (1, part, "ConditionalCheckFailed")
    assert status_of(caught.value) == 409
    assert reason.current is None
    assert reason.unreadable is not None
    assert (reason.unreadable.key, reason.unreadable.field) == (key_of(1), field)


@pytest.mark.parametrize("fault", FAULTS)
def test_an_expired_item_is_none_whether_or_not_it_can_be_read(place: Place, fault: str) -> None:
    place.store.put(PUT, entry(1))
    other = place.store.put(PUT, entry(2))
    place.spoil(1, {**FAULTS[fault][1], "ttl": {"N": str(int(time.time()) - 60)}})
    store = place.store
    assert store.get(GET, **KEY) is None
    assert store.query(ALL, owner=OWNER).items == [other]
    assert store.batch_get(SOME, keys=[KEY, {"owner": OWNER, "n": 2}]) == [other]
    assert store.transact_get(READ_ALL, [Read(GET, **KEY)]) == [None]
    with told() as lines:
        assert list(store.items(OF_TOPIC, topic=TOPIC)) == [other]
    assert lines == []
    with pytest.raises(NotFoundError):
        store.update(CHANGE, {"kind": "b"}, expected=1, **KEY)
    with pytest.raises(NotFoundError):
        store.delete(DELETE_IT, kind="b", **KEY)
    store.delete(DELETE, kind="b", **KEY)
    assert store.put(PUT, entry(1)) == entry(1)


def test_a_change_is_said_to_be_carried_out_though_its_item_cannot_be_read(place: Place) -> None:
    place.store.put(PUT, entry(1))
    place.spoil(1, FAULTS["a wrong type within"][1])
    with pytest.raises(ItemUnreadableError) as caught:
        place.store.update(RETEXT, {"text": "new"}, **KEY)
    error = caught.value
    assert (error.carried_out, error.key, error.field) == (True, key_of(1), "detail.size")
    assert error.message.startswith("the change was carried out, but the item with pk ")
    assert place.stored(1)["text"] == {"S": "new"}


def test_where_there_is_no_item_none_is_said_to_be_unreadable(place: Place) -> None:
    with pytest.raises(ConditionFailedError) as caught:
        place.store.put(REPLACE, entry(1), kind="b")
    assert (caught.value.current, caught.value.unreadable) == (None, None)
    assert caught.value.current_item() is None
    with pytest.raises(NotFoundError):
        place.store.delete(DELETE_IT, kind="b", **KEY)


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ({"id": {"S": "a'b"}, "n": {"N": "9"}}, """the item with id "a'b", n 9"""),
        ({"id": {"B": "c2hvcnQ="}}, "the item with id c2hvcnQ="),
        ({"id": {"B": "A" * 40}}, f"the item with id {'A' * 16}..."),
        ({}, "an item whose key cannot be told"),
    ],
)
def test_a_message_names_the_key_in_plain_words(key: dict[str, Any], says: str) -> None:
    assert subject(key) == says
