"""Requests as they are sent."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from keyline.model import (
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
    attribute,
    contains,
    differs,
    equals,
    exists,
)
from keyline.run.errors import BadCallError, BadValueError
from tests.support.answers import answer
from tests.support.sample import parcels
from tests.support.sample.accounts import EVENTS_BEFORE
from tests.support.sample.notes import (
    BY_NAME,
    BY_STATUS,
    DROP_NOTE,
    EDIT_NOTE,
    GET_NOTE_NOW,
    GET_TITLE,
    NOTES_SINCE,
    PUT_NOTE,
    note,
)
from tests.support.wire import Wire


class Sale(msgspec.Struct, kw_only=True):
    """A sale, found by region and country, year, month and day."""

    id: str
    region: str
    country: str
    year: int
    month: int
    day: int
    labels: set[str] = msgspec.field(default_factory=set)
    words: list[str] = msgspec.field(default_factory=list)
    text: str = ""
    odd: str | None = msgspec.field(default=None, name="odd-name")


SALES = Table(
    "KeylineSales",
    "Key design: by id.",
    key=Key("id"),
    entities=[Sale],
    indexes=[
        Index(
            name="ByPlaceAndDate",
            key=Key(("region", "country"), ("year", "month", "day")),
            why="Sales of a country by date.",
        )
    ],
)
_common: dict[str, Any] = {
    "why": "Tested.",
    "table": SALES,
    "shape": Sale,
    "item_bytes": 100,
    "per_month": 1,
}
SALES_SINCE = Query(
    name="sales-since",
    index="ByPlaceAndDate",
    sort=(equals("year"), at_least("month", "fromMonth")),
    **_common,
)
LABELLED = Delete(
    name="drop-labelled",
    conditions=(contains("labels", "label"), exists("odd-name"), differs("region")),
    **_common,
)
NAMED = Delete(
    name="drop-named",
    conditions=(contains("words", attribute("region")), contains("text", attribute("region"))),
    **_common,
)
SHOP = System(
    name="shop",
    title="Shop",
    tables=(SALES,),
    functions=(
        Function(
            name="all",
            handler="shop.handlers.all.handler",
            why="All.",
            patterns=(SALES_SINCE, LABELLED, NAMED, Get(name="get-sale", **_common)),
        ),
    ),
)


def test_keys_of_several_attributes(wire: Wire) -> None:
    wire.store(SHOP).query(SALES_SINCE, limit=5, region="eu", country="de", year=2026, fromMonth=3)
    assert wire.sent == [
        {
            "TableName": "KeylineSales-dev",
            "IndexName": "ByPlaceAndDate",
            "KeyConditionExpression": "#region = :region AND #country = :country"
            " AND #year = :year AND #month >= :fromMonth",
            "ExpressionAttributeNames": {
                "#region": "region",
                "#country": "country",
                "#year": "year",
                "#month": "month",
            },
            "ExpressionAttributeValues": {
                ":region": {"S": "eu"},
                ":country": {"S": "de"},
                ":year": {"N": "2026"},
                ":fromMonth": {"N": "3"},
            },
            "Limit": 5,
            "ReturnConsumedCapacity": "INDEXES",
        }
    ]


def test_a_cursor_holds_all_attributes_of_both_keys(wire: Wire) -> None:
    store = wire.store(SHOP)
    values: dict[str, Any] = {"region": "eu", "country": "de", "year": 2026, "fromMonth": 3}
    item = {
        "id": {"S": "a"},
        "region": {"S": "eu"},
        "country": {"S": "de"},
        "year": {"N": "2026"},
        "month": {"N": "4"},
        "day": {"N": "5"},
    }
    wire.replies.append(answer(200, {"Items": [item], "LastEvaluatedKey": {"id": {"S": "a"}}}))
    page = store.query(SALES_SINCE, limit=1, **values)
    store.query(SALES_SINCE, limit=1, cursor=page.cursor, **values)
    assert wire.sent[1]["ExclusiveStartKey"] == item


def test_conditions_of_a_write(wire: Wire) -> None:
    wire.store(SHOP).delete(LABELLED, id="a", label="x", region="eu")
    (sent,) = wire.sent
    assert sent["ConditionExpression"] == (
        "attribute_exists(#id) AND contains(#labels, :if_label)"
        " AND attribute_exists(#x) AND #region <> :if_region"
    )
    assert sent["ExpressionAttributeNames"]["#x"] == "odd-name"
    assert sent["ExpressionAttributeValues"] == {":if_label": {"S": "x"}, ":if_region": {"S": "eu"}}
    assert sent["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD"


def test_no_value_is_searched(wire: Wire) -> None:
    wire.store(SHOP).delete(NAMED, id="a")
    (sent,) = wire.sent
    assert sent["ConditionExpression"] == (
        "attribute_exists(#id) AND contains(#words, #region) AND (contains(#text, #region)"
        " OR (attribute_not_exists(#text) AND attribute_exists(#id) AND #region = :text_default))"
    )


def test_a_get_asks_for_what_its_shape_needs(wire: Wire) -> None:
    store = wire.store()
    store.get(GET_TITLE, owner="ann", timestamp=1.5)
    store.get(GET_NOTE_NOW, owner="ann", timestamp=2)
    assert wire.sent == [
        {
            "TableName": "StaffNotes-dev",
            "Key": {"owner": {"S": "ann"}, "timestamp": {"N": "1.5"}},
            "ProjectionExpression": "#name, #timestamp, #owner, #ttl",
            "ExpressionAttributeNames": {
                "#name": "name",
                "#timestamp": "timestamp",
                "#owner": "owner",
                "#ttl": "ttl",
            },
            "ReturnConsumedCapacity": "INDEXES",
        },
        {
            "TableName": "StaffNotes-dev",
            "Key": {"owner": {"S": "ann"}, "timestamp": {"N": "2"}},
            "ConsistentRead": True,
            "ReturnConsumedCapacity": "INDEXES",
        },
    ]


def test_a_get_asks_for_parts_where_its_shape_has_parts(wire: Wire) -> None:
    city = msgspec.defstruct("City", [("city", str)])
    shape = msgspec.defstruct("Part", [("id", str), ("address", city)])
    get = Get(**{**parcels.said("part"), "shape": shape, "entity": parcels.Parcel})
    wire.store(parcels.system(get)).get(get, id="p")
    (sent,) = wire.sent
    assert sent["ProjectionExpression"] == "#id, #address.#city"
    assert sent["ExpressionAttributeNames"] == {
        "#id": "id",
        "#address": "address",
        "#city": "city",
    }


def test_where_sizes_are_measured_reads_ask_for_all(wire: Wire) -> None:
    store = wire.store(measure_sizes=True)
    store.get(GET_TITLE, owner="ann", timestamp=1.5)
    store.query(BY_STATUS, status="open")
    assert not any("ProjectionExpression" in sent for sent in wire.sent)


def test_a_create_is_conditional(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyline.run.store.time.time", lambda: 1000.75)
    wire.store().put(PUT_NOTE, note("ann", 1_800_000_000_000.0))
    (sent,) = wire.sent
    assert sent["ConditionExpression"] == "(attribute_not_exists(#owner) OR #ttl <= :now)"
    assert sent["ExpressionAttributeValues"] == {":now": {"N": "1000"}}
    assert sent["Item"]["ttl"] == {"N": str(1_800_000_000 + 30 * 86_400)}


def test_an_update_names_what_changes(wire: Wire) -> None:
    wire.replies.append(
        answer(
            200,
            {
                "Attributes": {
                    "owner": {"S": "ann"},
                    "timestamp": {"N": "1"},
                    "name": {"S": "n"},
                    "size": {"N": "3"},
                    "topic": {"S": "t"},
                }
            },
        )
    )
    changes = {"size": 3, "status": None, "tags": {"a"}}
    wire.store().update(EDIT_NOTE, changes, expected=7, owner="ann", timestamp=1.0)
    (sent,) = wire.sent
    assert sent["UpdateExpression"] == (
        "SET #size = :size REMOVE #status ADD #tags :tags, #version :one"
    )
    assert sent["ConditionExpression"] == (
        "#version = :expected AND attribute_exists(#owner)"
        " AND (attribute_not_exists(#ttl) OR #ttl > :now)"
    )
    assert sent["ExpressionAttributeValues"][":expected"] == {"N": "7"}


def test_a_range_of_a_template_stays_within_its_prefix(wire: Wire) -> None:
    wire.store().query(EVENTS_BEFORE, accountId=1, day="2026-11-02")
    values = wire.sent[0]["ExpressionAttributeValues"]
    assert values[":sk_low"] == {"S": "EVENT#"}
    assert values[":sk_high"] == {"S": "EVENT#2026-11-01\U0010ffff"}


def test_descending_is_said_once(wire: Wire) -> None:
    store = wire.store()
    store.query(NOTES_SINCE, owner="ann", timestamp=1)
    store.query(BY_NAME, name="n", timestamp=(1, 2))
    assert [sent.get("ScanIndexForward") for sent in wire.sent] == [False, None]


@pytest.mark.parametrize("value", [5, None, b"x", float("nan")])
def test_a_key_of_a_wrong_type_is_refused(wire: Wire, value: Any) -> None:
    with pytest.raises((BadValueError, BadCallError), match="owner"):
        wire.store().delete(DROP_NOTE, owner=value, timestamp=1.0)
    with pytest.raises(BadValueError, match="timestamp"):
        wire.store().delete(DROP_NOTE, owner="ann", timestamp="soon")
    assert wire.sent == []


class Parcel(msgspec.Struct, kw_only=True):
    """Something with a key that is made of two fields."""

    id: str
    city: str
    street: str


PARCELS = Table(
    "KeylineParcels",
    "Key design: by id.",
    key=Key("id"),
    entities=[Entity(Parcel, keys={"address": "{city}#{street}"})],
    indexes=[Index(name="ByAddress", key=Key("address"), why="Found by address.")],
)


def _parcel(name: str) -> dict[str, Any]:
    return {**_common, "name": name, "table": PARCELS, "shape": Parcel}


BY_ADDRESS = Query(index="ByAddress", **_parcel("by-address"))
MOVE_BOTH = Update(set=("city", "street"), **_parcel("move-both"))
PARCEL_SYSTEM = System(
    name="parcels",
    title="Parcels",
    tables=(PARCELS,),
    functions=(
        Function(
            name="all",
            handler="parcels.handlers.all.handler",
            why="All.",
            patterns=(BY_ADDRESS, MOVE_BOTH, Put(**_parcel("put-parcel"))),
        ),
    ),
)


def test_a_template_changes_with_its_fields(wire: Wire) -> None:
    store = wire.store(PARCEL_SYSTEM)
    item = {"id": {"S": "1"}, "city": {"S": "Ulm"}, "street": {"S": "Ring"}}
    wire.replies.append(answer(200, {"Attributes": item}))
    store.update(MOVE_BOTH, {"city": "Ulm", "street": "Ring"}, id="1")
    assert wire.sent[0]["ExpressionAttributeValues"][":address"] == {"S": "Ulm#Ring"}
    with pytest.raises(BadCallError, match="part of address"):
        store.update(MOVE_BOTH, {"city": "Ulm"}, id="1")
