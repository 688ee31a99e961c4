"""Positions and limits of keys: what is sent is the key as it is stored, and DynamoDB takes it."""

from __future__ import annotations

import enum
from typing import Any, TypeVar

import msgspec
import pytest

from keyline.model import (
    Entity,
    Index,
    Key,
    Pattern,
    Query,
    Table,
    TransactWrite,
    Update,
    begins_with,
    greater_than,
)
from keyline.run import Write
from keyline.run.errors import BadValueError, InvalidCursorError
from tests.support.answers import answer
from tests.support.wire import Wire

P = TypeVar("P", bound=Pattern[Any])
LARGE = 12345678901234567890


class Doc(msgspec.Struct, kw_only=True):
    id: str
    kind: str
    name: str
    n: int = 0
    photo: bytes = b"x"


class Kind(enum.Enum):
    PLAN = "plan"


class Brief(msgspec.Struct, kw_only=True):
    id: str
    kind: Kind


DOCS = Table(
    "Docs",
    "Key design: x.",
    key=Key("id", "kind"),
    entities=[Entity(Doc, {"label": "L#{name}"}, {"all": LARGE})],
    indexes=[
        Index(name="ByName", key=Key("name", "id"), why="Tested."),
        Index(name="ByLabel", key=Key("id", "label"), why="Tested."),
        Index(name="ByPhoto", key=Key("photo", "id"), why="Tested.", sparse=True),
        Index(name="All", key=Key("all", "id"), why="Tested.", cardinality=100),
    ],
)


def made(pattern: type[P], name: str = "asked", **more: Any) -> P:
    told: dict[str, Any] = {
        "name": name,
        "why": "Tested.",
        "table": DOCS,
        "shape": Doc,
        "item_bytes": 100,
        "per_month": 1,
    }
    return pattern(**(told | more))


STORED = {
    "id": {"S": "a"},
    "kind": {"S": "plan"},
    "name": {"S": "x"},
    "label": {"S": "L#x"},
    "all": {"N": str(LARGE)},
}


@pytest.mark.parametrize(
    ("query", "given", "position"),
    [
        (made(Query, shape=Brief, entity=Doc), {"id": "a"}, ("id", "kind")),
        (made(Query, index="All"), {}, ("id", "kind", "all")),
    ],
)
def test_a_position_has_the_exact_key(
    wire: Wire, query: Query[Any], given: dict[str, Any], position: tuple[str, ...]
) -> None:
    wire.replies.append(answer(200, {"Items": [STORED], "LastEvaluatedKey": {"id": {"S": "a"}}}))
    store = wire.store()
    page = store.query(query, limit=1, **given)
    store.query(query, limit=1, cursor=page.cursor, **given)
    assert wire.sent[1]["ExclusiveStartKey"] == {name: STORED[name] for name in position}


def test_a_cursor_of_another_key_is_not_valid(wire: Wire) -> None:
    """A release may let a pattern read another index: DynamoDB would refuse the position."""
    wire.replies.append(answer(200, {"Items": [STORED], "LastEvaluatedKey": {"id": {"S": "a"}}}))
    store = wire.store()
    page = store.query(made(Query), limit=1, id="a")
    with pytest.raises(InvalidCursorError):
        store.query(made(Query, index="ByLabel"), cursor=page.cursor, id="a")


def test_a_caller_may_have_any_name(wire: Wire) -> None:
    wire.replies.append(answer(200, {"Items": [STORED], "LastEvaluatedKey": {"id": {"S": "a"}}}))
    store = wire.store()
    page = store.query(made(Query), limit=1, caller="\ud800", id="a")
    with pytest.raises(InvalidCursorError):
        store.query(made(Query), cursor=page.cursor, caller="\ud801", id="a")
    assert store.query(made(Query), cursor=page.cursor, caller="\ud800", id="a").items == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"name": ""}, "name: is empty"),
        ({"name": "x" * 2049}, "name: takes 2049 bytes of 2048"),
        ({"name": "x" * 1023}, "name: takes 1025 bytes of 1024"),
        ({"photo": b""}, "photo: takes 0 bytes"),
        ({"photo": b"x" * 2049}, "photo: takes 2049 bytes"),
    ],
)
@pytest.mark.parametrize("upsert", [False, True])
def test_an_update_makes_no_key_that_an_index_does_not_take(
    wire: Wire, changes: dict[str, Any], says: str, upsert: bool
) -> None:
    update = made(Update, set=("name", "photo"), upsert=upsert)
    both = made(TransactWrite, "both", parts=(update,))
    given = {"name": "x", **changes}
    with pytest.raises(BadValueError, match=f"^{says}"):
        wire.store().update(update, given, id="a", kind="plan")
    with pytest.raises(BadValueError, match=f"^{says}"):
        wire.store().transact(both, [Write.update(update, given, id="a", kind="plan")])
    assert wire.sent == []


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("x" * 1020, "x" * 1020 + "\x00"),
        ("x" * 1022, "x" * 1021 + "y"),
        ("x" * 1020 + "é", "x" * 1020 + "ê"),
        ("x" * 1021 + "\x7f", "x" * 1020 + "y"),
    ],
)
def test_what_is_behind_a_text_that_fills_the_key_is_asked_for(
    wire: Wire, name: str, first: str
) -> None:
    query = made(Query, index="ByLabel", sort=greater_than("label", "name"))
    wire.store().query(query, id="a", name=name)
    assert wire.sent[0]["ExpressionAttributeValues"][":label_low"] == {"S": f"L#{first}"}


def test_a_beginning_need_not_be_a_known_value(wire: Wire) -> None:
    table = Table("Briefs", "Key design: x.", key=Key("id", "kind"), entities=[Brief])
    query = made(Query, table=table, shape=Brief, sort=begins_with("kind"))
    wire.store().query(query, id="a", kind="pl")
    assert wire.sent[0]["ExpressionAttributeValues"][":kind"] == {"S": "pl"}


def test_a_beginning_that_is_no_text_is_named_by_its_field(wire: Wire) -> None:
    query = made(Query, index="ByLabel", sort=begins_with("label", "name"))
    with pytest.raises(BadValueError, match=r"^name: int is not text"):
        wire.store().query(query, id="a", name=5)
