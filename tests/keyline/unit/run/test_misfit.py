"""The place of what does not fit, and a change whose answer was lost."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from keyline.model import Key, Query, Table
from keyline.run import Store
from keyline.run.codec import Reader
from keyline.run.errors import ItemUnreadableError, OutcomeUnknownError, UnavailableError
from tests.support.answers import answer, refusal
from tests.support.sample.notes import EDIT_NOTE, GET_NOTE, PUT_NOTE, note
from tests.support.wire import Wire


class Inner(msgspec.Struct, kw_only=True, rename={"dotted": "a.b", "end": "e[0]"}):
    dotted: int
    end: int = 0


class Outer(msgspec.Struct, kw_only=True, rename={"whole": "in.ner"}):
    id: bytes
    n: int
    whole: Inner
    many: list[Inner] = []
    named: dict[str, Inner] = {}
    tags: set[str] = set()


TABLE = Table("Outers", "Key design: one by one.", key=Key("id", "n"), entities=[Outer])
READER: Reader[Outer] = Reader.of(
    Query(name="all", why="Tested.", table=TABLE, shape=Outer, item_bytes=1, per_month=1)
)
ITEM: dict[str, Any] = {
    "id": {"B": "c2hvcnQ="},
    "n": {"N": "1"},
    "in.ner": {"M": {"a.b": {"N": "1"}}},
}
WHOLE, BAD = {"M": {"a.b": {"N": "1"}}}, {"M": {"a.b": {"S": "secret"}}}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"in.ner": None}, "in.ner"),
        ({"in.ner": {"S": "secret"}}, "in.ner"),
        ({"in.ner": {"M": {}}}, "in.ner.a.b"),
        ({"in.ner": BAD}, "in.ner.a.b"),
        ({"in.ner": {"M": {"a.b": {"N": "1"}, "e[0]": {"S": "secret"}}}}, "in.ner.e[0]"),
        ({"many": {"L": [WHOLE, BAD]}}, "many[1].a.b"),
        ({"many": {"L": [WHOLE, {"M": {}}]}}, "many[1].a.b"),
        ({"named": {"M": {"secret": {"S": "x"}}}}, "named[...]"),
        ({"tags": {"S": "secret"}}, "tags"),
        ({"tags": {"NULL": False, "N": "1"}}, "tags"),
    ],
)
def test_the_field_is_a_dotted_place(changes: dict[str, Any], field: str) -> None:
    item = {name: value for name, value in {**ITEM, **changes}.items() if value is not None}
    for stored in (item, msgspec.Raw(msgspec.json.encode(item))):
        with pytest.raises(ItemUnreadableError) as caught:
            READER.fit(stored)
        assert caught.value.field == field
        assert caught.value.key == {"id": {"B": "c2hvcnQ="}, "n": {"N": "1"}}
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "key", [{"id": {"S": "text"}}, {"n": {"N": "one"}}, {"n": None}, {"n": {"S": "1"}}]
)
def test_a_key_that_is_none_of_the_table_is_not_told(key: dict[str, Any]) -> None:
    item = {name: value for name, value in {**ITEM, **key}.items() if value is not None}
    with pytest.raises(ItemUnreadableError, match="an item whose key cannot be told") as caught:
        READER.fit({**item, "in.ner": {"M": {}}})
    assert caught.value.key == {}


@pytest.mark.usefixtures("no_sleep")
def test_a_change_whose_answer_was_lost_is_said_to_be_carried_out(store: Store, wire: Wire) -> None:
    # Given a change that was carried out, and its repetition met an item that cannot be read
    key: dict[str, Any] = {"owner": "ann", "timestamp": 1.0}
    stored = {
        "owner": {"S": "ann"},
        "timestamp": {"N": "1"},
        "name": {"S": "mine"},
        "size": {"S": "secret"},
        "topic": {"S": "work"},
        "version": {"N": "2"},
    }
    wire.replies = [
        refusal("InternalServerError", 500),
        refusal("ConditionalCheckFailedException", Item=stored),
    ]
    with pytest.raises(ItemUnreadableError) as caught:
        store.update(EDIT_NOTE, {"name": "mine"}, expected=1, **key)
    error = caught.value
    assert (error.carried_out, error.field) == (True, "size")
    assert error.key == {"owner": {"S": "ann"}, "timestamp": {"N": "1"}}
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    "error", [ValueError, TypeError, KeyError, IndexError, AssertionError, ZeroDivisionError]
)
def test_what_a_shape_itself_refuses_is_unreadable(error: type[Exception]) -> None:
    class Refusing(msgspec.Struct):
        id: str

        def __post_init__(self) -> None:
            raise error("secret")

    table = Table("Others", "Key design: one by one.", key=Key("id"), entities=[Refusing])
    reader: Reader[Refusing] = Reader.of(
        Query(name="all", why="Tested.", table=table, shape=Refusing, item_bytes=1, per_month=1)
    )
    with pytest.raises(ItemUnreadableError) as caught:
        reader.item(reader.fit({"id": {"S": "a"}}))
    assert caught.value.key == {"id": {"S": "a"}}
    assert "secret" not in str(caught.value)


NOT_DYNAMODBS: dict[str, Any] = {
    "another type": {"Attributes": {}, "ConsumedCapacity": {"CapacityUnits": "many"}},
    "a list": [],
    "no JSON": b"<html></html>",
    "nothing": b"",
    "no UTF-8": b'{"Attributes": {"name": {"S": "\xff"}}, "Item": {"name": {"S": "\xff"}}}',
}


@pytest.mark.parametrize("body", NOT_DYNAMODBS.values(), ids=NOT_DYNAMODBS)
def test_an_answer_that_is_none_of_dynamodbs_is_said_to_be_that(
    store: Store, wire: Wire, body: Any
) -> None:
    wire.replies = [answer(200, body), answer(200, body), answer(200, body)]
    with pytest.raises(OutcomeUnknownError):
        store.update(EDIT_NOTE, {"name": "mine"}, expected=1, owner="ann", timestamp=1.0)
    with pytest.raises(OutcomeUnknownError):
        store.put(PUT_NOTE, note(owner="ann", timestamp=1.8e12))
    with pytest.raises(UnavailableError, match="not as its API describes it"):
        store.get(GET_NOTE, owner="ann", timestamp=1.0)
