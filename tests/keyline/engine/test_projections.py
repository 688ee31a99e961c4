"""Reads of parts of attributes: as if whole items were read, and less is sent."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from keyline.model import BatchGet, Get, Query, TransactGet
from keyline.run import ItemUnreadableError, Meter, Read, Store
from tests.support.bench import Bench, fresh
from tests.support.sample.parcels import PARCELS, Parcel, said, system


class City(msgspec.Struct, kw_only=True, frozen=True):
    """A part with what it cannot be without."""

    city: str
    floor: int = 0


class Hints(msgspec.Struct, kw_only=True, frozen=True):
    """A part that may lack all that is asked for."""

    hints: list[str] = []


class Labels(msgspec.Struct, kw_only=True, frozen=True):
    """Some keys of a map."""

    red: int | None = None
    blue: int | None = None


class There(msgspec.Struct, kw_only=True):
    """The destination of a parcel, of several parts."""

    id: str
    address: City
    labels: Labels = Labels()
    back: City | None = None


class How(msgspec.Struct, kw_only=True):
    """The way to deliver a parcel."""

    id: str
    address: Hints


THERE = {**said("there"), "shape": There, "entity": Parcel}
GET: Get[There] = Get(**THERE)
GET_HOW: Get[How] = Get(**{**said("how"), "shape": How, "entity": Parcel})
QUERY: Query[There] = Query(**{**THERE, "name": "query-there"})
BATCH: BatchGet[There] = BatchGet(**{**THERE, "name": "batch-there"})
SEVERAL: TransactGet[Any] = TransactGet(parts=(GET, GET_HOW), **said("several-there"))
ITEMS: dict[str, dict[str, Any]] = {
    "whole": {"address": {"M": {"city": {"S": "Rome"}, "floor": {"N": "3"}}}},
    "more": {"labels": {"M": {"red": {"N": "1"}, "green": {"N": "2"}}}},
    "none of the labels": {"labels": {"M": {"green": {"N": "2"}}}},
    "no labels": {"labels": {"M": {}}},
    "back": {"back": {"M": {"city": {"S": "Bern"}}}},
    "hints": {"address": {"M": {"city": {"S": "Rome"}, "hints": {"L": [{"S": "dog"}]}}}},
    "no city": {"address": {"M": {"floor": {"N": "3"}}}},
    "back without a city": {"back": {"M": {"floor": {"N": "3"}}}},
    "back with nothing that is asked for": {"back": {"M": {"hints": {"L": []}}}},
    "no address": {"address": {"NULL": True}},
    "nothing": {},
}


def outcomes(bench: Bench, *, whole: bool) -> list[object]:
    """Return what each kind of read gives of the item."""
    store = Store(
        system=system(GET, GET_HOW, QUERY, BATCH, SEVERAL),
        environment=bench.environment,
        client=bench.client(),
        meter=Meter(),
        measure_sizes=whole,
    )
    reads: list[Callable[[], object]] = [
        lambda: store.get(GET, id="p"),
        lambda: store.get(GET_HOW, id="p"),
        lambda: store.query(QUERY, id="p").items,
        lambda: store.batch_get(BATCH, keys=[{"id": "p"}]),
        lambda: store.transact_get(SEVERAL, [Read(GET, id="p"), Read(GET_HOW, id="q")]),
    ]
    found: list[object] = []
    with contextlib.closing(store):
        for read in reads:
            try:
                found.append(read())
            except ItemUnreadableError as error:
                found.append((error.key, (error.field or "").partition(".")[0]))
            found.append(store.meter.calls[-1].read)
    return found


@pytest.mark.parametrize("name", ITEMS)
def test_a_part_is_read_as_of_the_whole_item(engine: str, name: str) -> None:
    with fresh(engine, (PARCELS,)) as bench:
        # Given an item as it is stored
        item = {"address": {"M": {"city": {"S": "Rome"}}}, **ITEMS[name]}
        for key in ("p", "q"):
            bench.admin.put_item(
                TableName=PARCELS.physical_name(bench.environment),
                Item={"id": {"S": key}, **item},
            )
        # Then reads that ask for parts give what those give that ask for all, at the same price
        assert outcomes(bench, whole=False) == outcomes(bench, whole=True)
