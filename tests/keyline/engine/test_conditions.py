"""Conditions on parts of items, on sizes and types hold exactly where they hold of what is read."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from keyline.model import (
    Check,
    Delete,
    Put,
    TransactWrite,
    Update,
    absent,
    any_of,
    at_least,
    at_most,
    begins_with,
    between,
    contains,
    differs,
    equals,
    exists,
    is_of,
    less_than,
    not_,
    size_of,
)
from keyline.model.condition import WriteCondition
from keyline.run import ConditionFailedError, Meter, Store, TransactionCancelledError, Write
from tests.support.bench import Bench, fresh
from tests.support.sample.parcels import (
    GET_PARCEL,
    PARCELS,
    PUT_PARCEL,
    Address,
    Parcel,
    Stop,
    parcel,
    said,
    system,
)

Holds = Callable[[Parcel], bool]


def _stop(item: Parcel, number: int) -> Any:
    return item.stops[number] if number < len(item.stops) else None


CONDITIONS: dict[str, tuple[WriteCondition, dict[str, Any], Holds]] = {
    "a part": (equals("address.city"), {"city": "Rome"}, lambda p: p.address.city == "Rome"),
    "a part with a default, which meets": (
        at_most("address.floor"),
        {"floor": 0},
        lambda p: p.address.floor <= 0,
    ),
    "a part with a default, which does not": (
        at_least("address.floor", "least"),
        {"least": 1},
        lambda p: p.address.floor >= 1,
    ),
    "a default that differs": (
        differs("address.floor"),
        {"floor": 3},
        lambda p: p.address.floor != 3,
    ),
    "the default differs not": (
        differs("address.floor"),
        {"floor": 0},
        lambda p: p.address.floor != 0,
    ),
    "a part of what may be None": (
        equals("back.floor"),
        {"floor": 0},
        lambda p: p.back is not None and p.back.floor == 0,
    ),
    "a part of what holds None, whose default meets": (
        at_most("homes.x.floor"),
        {"floor": 0},
        lambda p: (home := p.homes.get("x")) is not None and home.floor <= 0,
    ),
    "a part of what holds None, whose default does not": (
        differs("homes.x.floor"),
        {"floor": 0},
        lambda p: (home := p.homes.get("x")) is None or home.floor != 0,
    ),
    "an element": (
        equals("stops[0].place"),
        {"place": "Oslo"},
        lambda p: bool(p.stops) and p.stops[0].place == "Oslo",
    ),
    "an element's number": (
        between("stops[0].hours"),
        {"hours": (2, 3)},
        lambda p: bool(p.stops) and p.stops[0].hours is not None and 2 <= p.stops[0].hours <= 3,
    ),
    "an element that exists": (exists("stops[1]"), {}, lambda p: len(p.stops) > 1),
    "an element that is absent": (absent("stops[1]"), {}, lambda p: len(p.stops) <= 1),
    "a key of a map": (
        at_least("labels.red", "least"),
        {"least": 1},
        lambda p: p.labels.get("red", 0) >= 1,
    ),
    "text that begins": (
        begins_with("address.city"),
        {"city": "Ro"},
        lambda p: p.address.city.startswith("Ro"),
    ),
    "a list that holds": (
        contains("address.hints"),
        {"hints": "dog"},
        lambda p: "dog" in p.address.hints,
    ),
    "any value": (
        equals("anything.x[1]", "text"),
        {"text": "text"},
        lambda p: p.anything.get("x", [0, 0])[1] == "text",
    ),
    "the size of a list": (
        equals(size_of("stops"), "stops"),
        {"stops": 0},
        lambda p: len(p.stops) == 0,
    ),
    "the size of a set": (at_most(size_of("tags")), {"tags_size": 1}, lambda p: len(p.tags) <= 1),
    "the size of a set that differs": (
        differs(size_of("tags")),
        {"tags_size": 0},
        lambda p: len(p.tags) != 0,
    ),
    "the size of a text": (
        between(size_of("address.city")),
        {"city_size": (4, 5)},
        lambda p: 4 <= len(p.address.city) <= 5,
    ),
    "the size of a map": (
        at_least(size_of("labels")),
        {"labels_size": 1},
        lambda p: bool(p.labels),
    ),
    "the size of a default": (
        at_least(size_of("weights")),
        {"weights_size": 2},
        lambda p: len(msgspec.to_builtins(p.weights)) >= 2,
    ),
    "a type": (
        is_of("anything.when", "NULL"),
        {},
        lambda p: p.anything.get("when", "absent") is None,
    ),
    "not": (
        not_(equals("address.city")),
        {"city": "Rome"},
        lambda p: p.address.city != "Rome",
    ),
    "not, of a default": (
        not_(less_than("count")),
        {"count": 1},
        lambda p: not p.count < 1,
    ),
    "not any": (
        not_(any_of(equals("count"), exists("back.city"))),
        {"count": 0},
        lambda p: not (p.count == 0 or p.back is not None),
    ),
    "any, of nots": (
        any_of(not_(exists("labels.red")), equals("count")),
        {"count": 7},
        lambda p: "red" not in p.labels or p.count == 7,
    ),
}
ITEMS = {
    "whole": parcel(),
    "other": parcel(
        address=Address(city="Çay", floor=0),
        back=Address(city="Rome"),
        stops=[Stop(place="Bern", hours=9.0)],
        tags=set(),
        labels={},
        anything={},
        count=7,
    ),
    "bare": Parcel(id="p", address=Address(city="Paris")),
    "home": parcel(homes={"x": Address(city="Bern")}),
    "no home": parcel(homes={"x": None}),
}
OLD = {"id": {"S": "p"}, "address": {"M": {"city": {"S": "Rome"}}}}
"""An item from before most fields existed."""


@pytest.fixture
def parcels(engine: str) -> Iterator[Bench]:
    with fresh(engine, (PARCELS,)) as bench:
        yield bench


def store_of(bench: Bench, *patterns: Any) -> Store:
    """Return a store of a system with these patterns."""
    return Store(
        system=system(*patterns),
        environment=bench.environment,
        client=bench.client(),
        meter=Meter(),
        measure_sizes=True,
    )


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_condition_holds_where_it_holds_of_what_is_read(parcels: Bench, name: str) -> None:
    condition, given, holds = CONDITIONS[name]
    delete = Delete(conditions=(condition,), **said("delete-parcel"))
    table = PARCELS.physical_name(parcels.environment)
    with contextlib.closing(store_of(parcels, delete)) as store:
        for item in (*ITEMS.values(), OLD):
            # Given an item
            if isinstance(item, Parcel):
                store.put(PUT_PARCEL, item)
            else:
                parcels.admin.put_item(TableName=table, Item=item)
            found = store.get(GET_PARCEL, id="p")
            assert found is not None
            # When it is deleted on the condition
            try:
                store.delete(delete, id="p", **given)
            except ConditionFailedError:
                deleted = False
            else:
                deleted = True
            # Then it is deleted exactly if the condition holds of what a read gives
            assert deleted == holds(found), found
            assert (store.get(GET_PARCEL, id="p") is None) == deleted
            call = store.meter.calls[-2]
            assert (call.operation, call.write) == ("DeleteItem", 1.0 if deleted else 0.0)


@pytest.mark.parametrize("city", ["Rome", "Bern"])
def test_it_holds_or_fails_in_every_kind_of_write(parcels: Bench, city: str) -> None:
    condition = not_(any_of(equals("address.city"), less_than(size_of("stops"))))
    put = Put(replace=True, conditions=(condition,), **said("put-on-condition"))
    update = Update(set=("count",), conditions=(condition,), **said("update-on-condition"))
    check = Check(conditions=(condition,), **said("check-on-condition"))
    several = TransactWrite(parts=(check, PUT_PARCEL), **said("check-and-put"))
    given: dict[str, Any] = {"city": city, "stops_size": 1}
    with contextlib.closing(store_of(parcels, put, update, several)) as store:
        store.put(PUT_PARCEL, parcel())
        writes: list[Callable[[], object]] = [
            lambda: store.put(put, parcel(count=1), **given),
            lambda: store.update(update, {"count": 2}, id="p", **given),
            lambda: store.transact(
                several,
                [
                    Write.check(check, id="p", **given),
                    Write.put(PUT_PARCEL, parcel(id="other")),
                ],
            ),
        ]
        for write, units in zip(writes, [1.0, 1.0, 4.0], strict=True):
            if city == "Bern":
                write()
                assert store.meter.calls[-1].write == units
            else:
                with pytest.raises((ConditionFailedError, TransactionCancelledError)):
                    write()
