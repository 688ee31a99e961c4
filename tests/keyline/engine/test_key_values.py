"""Values of keys at the edges of what DynamoDB takes: exact, or refused before they are sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from keyline.model import (
    BatchGet,
    BatchWrite,
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
    Update,
    at_least,
    between,
    equals,
)
from keyline.run import Store
from keyline.run.errors import BadValueError, InvalidCursorError, ItemUnreadableError
from tests.support.bench import Bench, fresh

DIGITS = "1234567890.12345678901234567890123456"
ONE, OTHER = Decimal(f"{DIGITS}78"), Decimal(f"{DIGITS}79")


class Entry(msgspec.Struct, kw_only=True):
    """An entry under numbers, text and bytes."""

    owner: str
    at: Decimal
    mood: str | None = None
    note: str = ""


class Reading(msgspec.Struct, kw_only=True):
    """A reading under a float."""

    sensor: str
    at: float
    value: str = ""


class Odd(msgspec.Struct, kw_only=True, rename={"topic": "topic-id", "hexed": "746f7069632d6964"}):
    """A thing whose attributes are named alike to a machine."""

    id: str
    topic: str
    x: str
    now: str
    one: int
    hexed: str


class Blob(msgspec.Struct, kw_only=True):
    """A thing under bytes and text."""

    raw: bytes
    text: str


class Doc(msgspec.Struct, kw_only=True):
    """A document under a template, in an index of another."""

    id: str
    kind: str
    n: int


ENTRIES = Table(
    "KeylineEntries",
    "Key design: an owner's entries by number.",
    key=Key("owner", "at"),
    entities=[Entry],
    indexes=[Index(name="ByMood", key=Key("mood", "at"), why="By mood.", sparse=True)],
)
READINGS = Table(
    "KeylineReadings", "Key design: by time.", key=Key("sensor", "at"), entities=[Reading]
)
ODDS = Table(
    "KeylineOdds",
    "Key design: one by one.",
    key=Key("id"),
    entities=[Odd],
    indexes=[Index(name="ByTopic", key=Key("topic-id", "id"), why="By topic.", shards=3)],
)
BLOBS = Table("KeylineBlobs", "Key design: by bytes.", key=Key("raw", "text"), entities=[Blob])
DOCS = Table(
    "KeylineDocs",
    "Key design: one by one.",
    key=Key("id"),
    entities=[Entity(Doc, keys={"gsi": "K#{kind}#{n:03d}"})],
    indexes=[Index(name="ByKind", key=Key("gsi"), why="By kind.")],
)


def told(name: str, table: Table, shape: Any) -> dict[str, Any]:
    return {
        "name": name,
        "why": "Tested.",
        "table": table,
        "shape": shape,
        "item_bytes": 300,
        "per_month": 1,
    }


PUT = Put(replace=True, **told("put", ENTRIES, Entry))
GET = Get(**told("get", ENTRIES, Entry))
GET_ALL = BatchGet(**told("get-all", ENTRIES, Entry))
WRITE_ALL = BatchWrite(**told("write-all", ENTRIES, Entry))
RANGE = Query(sort=between("at"), page=2, **told("range", ENTRIES, Entry))
MOODS = Query(index="ByMood", **told("moods", ENTRIES, Entry))
SET_MOOD = Update(set=("mood",), **told("set-mood", ENTRIES, Entry))
READ = Query(page=10, **told("read", READINGS, Reading))
SKIP = Query(page=2, skip_unreadable=True, **told("skip", READINGS, Reading))
SINCE = Query(sort=at_least("at"), page=1, **told("since", READINGS, Reading))
PUT_READING = Put(replace=True, **told("put-reading", READINGS, Reading))
DROP_READING = Delete(**told("drop-reading", READINGS, Reading))
PUT_ODD = Put(**told("put-odd", ODDS, Odd))
BY_TOPIC = Query(index="ByTopic", **told("by-topic", ODDS, Odd))
EDIT_ODD = Update(
    set=("topic-id", "x", "now", "746f7069632d6964"),
    add=("one",),
    conditions=(equals("now", "was"),),
    **told("edit-odd", ODDS, Odd),
)
PUT_BLOB = Put(**told("put-blob", BLOBS, Blob))
BLOBS_OF = BatchGet(**told("blobs-of", BLOBS, Blob))
PUT_DOC = Put(replace=True, **told("put-doc", DOCS, Doc))
DOCS_OF = Query(index="ByKind", **told("docs-of", DOCS, Doc))
MOVE_DOC = Update(set=("kind", "n"), **told("move-doc", DOCS, Doc))
PATTERNS = (
    *(PUT, GET, GET_ALL, WRITE_ALL, RANGE, MOODS, SET_MOOD, READ, SKIP, SINCE, PUT_READING),
    *(DROP_READING, PUT_ODD, BY_TOPIC, EDIT_ODD, PUT_BLOB, BLOBS_OF, PUT_DOC, DOCS_OF, MOVE_DOC),
)
SYSTEM = System(
    name="edges",
    title="Edges",
    tables=(ENTRIES, READINGS, ODDS, BLOBS, DOCS),
    functions=(Function(name="all", handler="edges.handler", why="All.", patterns=PATTERNS),),
)


@pytest.fixture(scope="module")
def edges(engine: str) -> Iterator[Bench]:
    with fresh(engine, SYSTEM.tables) as made:
        yield made


@pytest.fixture
def store(edges: Bench) -> Store:
    return Store(system=SYSTEM, environment=edges.environment, client=edges.client())


def test_keys_that_differ_in_the_last_digit_are_two(store: Store) -> None:
    store.batch_write(
        WRITE_ALL, puts=[Entry(owner="d", at=at, note=str(at)) for at in (ONE, OTHER)]
    )
    found = store.batch_get(GET_ALL, keys=[{"owner": "d", "at": at} for at in (OTHER, ONE)])
    assert [entry.note for entry in found] == [str(OTHER), str(ONE)]
    assert [e.at for e in store.query(RANGE, owner="d", at=(OTHER, OTHER)).items] == [OTHER]


@pytest.mark.parametrize("digits", ["9" * 38 + "E+88", "1E-130", "-1E+125", "1E+125"])
def test_the_largest_and_the_smallest_numbers_are_keys(store: Store, digits: str) -> None:
    number = Decimal(digits)
    store.put(PUT, Entry(owner="n", at=number))
    found = store.get(GET, owner="n", at=number)
    assert found is not None
    assert found.at == number


def test_a_reversed_range_is_an_empty_page(store: Store) -> None:
    store.put(PUT, Entry(owner="r", at=Decimal(5)))
    assert store.query(RANGE, owner="r", at=(9, 1)).items == []
    assert list(store.items(RANGE, owner="r", at=(9, 1))) == []
    assert store.meter.calls[-1].operation == "PutItem"
    assert len(store.query(RANGE, owner="r", at=(1, 9)).items) == 1


def test_a_cursor_is_bound_to_values_and_not_to_their_types(store: Store) -> None:
    for n in range(4):
        store.put(PUT, Entry(owner="c", at=Decimal(n)))
    first = store.query(RANGE, owner="c", at=(0, 9))
    for low in (0.0, -0.0, Decimal("0.00")):
        page = store.query(RANGE, owner="c", at=(low, Decimal("9.0")), cursor=first.cursor)
        assert [entry.at for entry in page.items] == [2, 3]
    with pytest.raises(InvalidCursorError):
        store.query(RANGE, owner="c", at=(0, 8), cursor=first.cursor)


def test_a_key_that_a_float_does_not_hold_is_named(store: Store, edges: Bench) -> None:
    """A writer in another language may store more digits than a float has."""
    name = READINGS.physical_name(edges.environment)
    for n in range(5):
        stored = {"sensor": {"S": "s"}, "at": {"N": f"1234567890123.12345678{n}"}}
        edges.admin.put_item(TableName=name, Item=stored)
    store.put(PUT_READING, Reading(sensor="s", at=1234567890124.5))
    with pytest.raises(
        ItemUnreadableError, match="at holds a number that is not exact as a float"
    ) as e:
        store.query(READ, sensor="s")
    assert e.value.key["at"] == {"N": "1234567890123.12345678"}
    page = store.query(SKIP, sensor="s")
    assert [reading.at for reading in page.items] == [1234567890124.5]
    # The cursor holds what is stored, and a range starts at what is asked for.
    after = store.query(SINCE, sensor="s", at=1234567890124.0)
    assert [reading.at for reading in after.items] == [1234567890124.5]
    store.delete(DROP_READING, sensor="s", at=after.items[0].at)
    assert store.query(SKIP, sensor="s").items == []


def of(topic: str) -> dict[str, Any]:
    return {"topic-id": topic}


def test_attributes_may_have_any_names(store: Store) -> None:
    odd = Odd(id="1", topic="t", x="x", now="now", one=1, hexed="h")
    store.put(PUT_ODD, odd)
    assert store.query(BY_TOPIC, **of("t")).items == [odd]
    changes = {"topic-id": "u", "x": "y", "now": "then", "746f7069632d6964": "g", "one": 2}
    after = store.update(EDIT_ODD, changes, id="1", was="now")
    assert after == Odd(id="1", topic="u", x="y", now="then", one=3, hexed="g")
    assert store.query(BY_TOPIC, **of("t")).items == []
    assert store.query(BY_TOPIC, **of("u")).items == [after]


def test_keys_of_any_bytes_are_told_apart(store: Store) -> None:
    keys = [(b"a", "\x1fb"), (b"a\x1f", "b"), (b"\x00\xff", "a"), (b"a", "b")]
    for raw, text in keys:
        store.put(PUT_BLOB, Blob(raw=raw, text=text))
    found = store.batch_get(BLOBS_OF, keys=[{"raw": raw, "text": text} for raw, text in keys])
    assert [(blob.raw, blob.text) for blob in found] == keys


@pytest.mark.parametrize(
    ("call", "path"),
    [
        (lambda s: s.put(PUT, Entry(owner="", at=Decimal(1))), "owner"),
        (lambda s: s.put(PUT, Entry(owner="é" * 1_025, at=Decimal(1))), "owner"),
        (lambda s: s.put(PUT, Entry(owner="a", at=Decimal(1), mood="")), "mood"),
        (lambda s: s.put(PUT, Entry(owner="a", at=Decimal(1), mood="m" * 2_049)), "mood"),
        (lambda s: s.batch_write(WRITE_ALL, puts=[Entry(owner="", at=Decimal(1))]), "owner"),
        (lambda s: s.update(SET_MOOD, {"mood": ""}, owner="a", at=1), "mood"),
        (lambda s: s.update(SET_MOOD, {"mood": "m" * 2_049}, owner="a", at=1), "mood"),
        (lambda s: s.get(GET, owner="", at=1), "owner"),
        (lambda s: s.query(MOODS, mood=""), "mood"),
        (lambda s: s.query(RANGE, owner="a" * 2_049, at=(1, 2)), "owner"),
        (lambda s: s.put(PUT_BLOB, Blob(raw=b"", text="a")), "raw"),
        (lambda s: s.put(PUT_BLOB, Blob(raw=b"a", text="t" * 1_025)), "text"),
        (lambda s: s.put(PUT_DOC, Doc(id="1", kind="k" * 2_048, n=1)), "gsi"),
        (lambda s: s.put(PUT_DOC, Doc(id="1", kind="k#", n=1)), "kind"),
        (lambda s: s.put(PUT_DOC, Doc(id="1", kind="k", n=1_000)), "n"),
        (lambda s: s.update(MOVE_DOC, {"kind": "k#", "n": 1}, id="1"), "kind"),
        (lambda s: s.update(MOVE_DOC, {"kind": "k", "n": -1}, id="1"), "n"),
        (lambda s: s.query(DOCS_OF, kind="a#b", n=1), "kind"),
    ],
)
def test_a_key_beyond_dynamodb_s_limits_is_refused(
    store: Store, call: Callable[[Store], Any], path: str
) -> None:
    calls = len(store.meter.calls)
    with pytest.raises(BadValueError) as caught:
        call(store)
    assert caught.value.path == path
    assert len(store.meter.calls) == calls


@pytest.mark.parametrize("size", [2_048, 2_047])
def test_a_key_of_dynamodb_s_limits_is_taken(store: Store, size: int) -> None:
    store.put(PUT, Entry(owner="o" * size, at=Decimal(1), mood="m" * size))
    assert store.get(GET, owner="o" * size, at=1)
    assert store.query(MOODS, mood="m" * size).items
