"""Test what a query of a sharded index sends, and where its cursor says to read on."""

from __future__ import annotations

import enum
from decimal import Decimal
from typing import Any, Literal

import msgspec
import pytest

from keyline.model import BatchWrite, Index, Key, Put, Query, Table
from keyline.run.errors import BadValueError
from tests.support.answers import answer
from tests.support.wire import Wire


class Mood(enum.Enum):
    GLAD = "glad"
    SAD = "sad"


class Note(msgspec.Struct, kw_only=True):
    id: str
    topic: Literal["work", "home"]
    mood: Mood = Mood.GLAD
    price: Decimal = Decimal(0)
    at: float = 0.0


class Brief(msgspec.Struct, kw_only=True):
    id: str


class Free(msgspec.Struct, kw_only=True):
    id: str
    topic: str


def table(shape: type[Any] = Note, sort: str = "id") -> Table:
    index = Index(
        name="ByTopic",
        key=Key("topic", sort),
        why="Tested.",
        shards=2,
        sparse=sort not in ("id", "topic"),
    )
    return Table("Notes", "Key design: x.", key=Key("id"), entities=[shape], indexes=[index])


def told(table: Table, shape: type[Any], name: str) -> dict[str, Any]:
    return {
        "name": name,
        "why": "Tested.",
        "table": table,
        "shape": shape,
        "item_bytes": 100,
        "per_month": 1,
    }


def by_topic(table: Table, shape: type[Any], **more: Any) -> Query[Any]:
    return Query(index="ByTopic", **told(table, shape, "by-topic"), **more)


def replies(wire: Wire, *items: dict[str, Any]) -> None:
    """Let each shard answer with the items that are in it and behind the position asked for."""

    def reply(request: dict[str, Any]) -> Any:
        wire.sent.append(request)
        shard = request["ExpressionAttributeValues"][":topic"]["S"]
        start = request.get("ExclusiveStartKey")
        there = [item for item in items if item["topic"]["S"] == shard and item != start]
        return answer(200, {"Items": there})

    wire.reply = reply  # type: ignore[method-assign] # the test answers by itself


@pytest.mark.parametrize(
    ("sort", "value"),
    [
        ("price", {"N": "0.1"}),
        ("price", {"N": "0.7"}),
        ("at", {"N": "0.1"}),
        ("at", {"N": "0.7"}),
        ("mood", {"S": "glad"}),
    ],
)
@pytest.mark.parametrize("descending", [False, True])
def test_a_tie_between_shards_is_on_the_next_page(
    wire: Wire, sort: str, value: dict[str, Any], descending: bool
) -> None:
    # Given two items of one sort key in two shards
    first = {"id": {"S": "a"}, "topic": {"S": "work"}, sort: value}
    second = {"id": {"S": "b"}, "topic": {"S": "work#1"}, sort: value}
    replies(wire, first, second)
    store, query = wire.store(), by_topic(table(sort=sort), Note, descending=descending)
    # When they are read page by page
    page = store.query(query, limit=1, topic="work")
    rest = store.query(query, limit=1, cursor=page.cursor, topic="work")
    # Then none is left out
    assert sorted(item.id for item in (*page.items, *rest.items)) == ["a", "b"]


def test_the_position_is_the_key_as_stored(wire: Wire) -> None:
    # Given a field that is read without the shard's mark
    stored = {"id": {"S": "a"}, "topic": {"S": "work#1"}}
    replies(wire, stored, {"id": {"S": "b"}, "topic": {"S": "work#1"}})
    store, query = wire.store(), by_topic(table(), Note)
    page = store.query(query, limit=1, topic="work")
    assert page.items == [Note(id="a", topic="work")]
    # When the next page is asked for
    wire.sent.clear()
    store.query(query, limit=1, cursor=page.cursor, topic="work")
    # Then DynamoDB is told the value of the shard: it refuses a position of another partition
    assert [sent["ExclusiveStartKey"] for sent in wire.sent if "ExclusiveStartKey" in sent] == [
        stored
    ]


def test_a_shape_without_the_sharded_field_reads_each_shard(wire: Wire) -> None:
    replies(wire, {"id": {"S": "a"}, "topic": {"S": "work#1"}})
    page = wire.store().query(by_topic(table(), Brief), topic="work")
    assert page.items == [Brief(id="a")]


def test_a_shard_that_no_key_can_name_is_not_asked(wire: Wire) -> None:
    asked = by_topic(table(Free), Free)
    wire.store().query(asked, topic="x" * 2048)
    assert [s["ExpressionAttributeValues"][":topic"]["S"] for s in wire.sent] == ["x" * 2048]


@pytest.mark.parametrize("item", ["a", "b", "c", "d"])
def test_an_empty_text_is_refused_in_each_shard(wire: Wire, item: str) -> None:
    write: BatchWrite[Any] = BatchWrite(**told(table(Free), Free, "write"))
    put: Put[Any] = Put(**told(table(Free), Free, "put"))
    with pytest.raises(BadValueError, match=r"^topic: is empty"):
        wire.store().batch_write(write, puts=[Free(id=item, topic="")])
    with pytest.raises(BadValueError, match=r"^topic: is empty"):
        wire.store().put(put, Free(id=item, topic=""))
    assert wire.sent == []
