"""Updates of parts of attributes: exactly those parts change, by version or not at all."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from keyline.model import TransactWrite, Update
from keyline.run import (
    BadValueError,
    ConditionFailedError,
    Meter,
    OutcomeUnknownError,
    Store,
    VersionConflictError,
    Write,
)
from tests.support.bench import Bench, fresh
from tests.support.faults import Fault, fault_proxy
from tests.support.sample.parcels import (
    GET_PARCEL,
    PARCELS,
    PUT_PARCEL,
    Address,
    Stop,
    Weights,
    parcel,
    said,
    system,
)

CHANGE = Update(
    set=("address.city", "labels.red", "stops[0].place", "anything.x[1]"),
    append=("address.hints",),
    version="version",
    **said("change-parts"),
)
PREPEND = Update(prepend=("stops",), **said("prepend-stop"))
REMOVE = Update(remove=("stops[0]", "labels.red", "address.floor"), **said("remove-parts"))
LAST = Update(set=("stops[1].hours",), **said("set-last-hours"))
ADDED = Update(append=("stops",), **said("append-stop"))
COUNT = Update(
    add=("address.floor", "labels.red", "stops[0].hours"),
    set_once=("labels.blue", "stops[1].hours"),
    **said("count-parts"),
)
BOUNDED = Update(add=("weights.light", "weights.heavy"), **said("count-bounded"))
SEVERAL = TransactWrite(parts=(COUNT, REMOVE, PUT_PARCEL), **said("several-parts"))


@pytest.fixture
def parcels(engine: str) -> Iterator[Bench]:
    with fresh(engine, (PARCELS,)) as bench:
        yield bench


@pytest.fixture
def shelf(parcels: Bench) -> Iterator[Store]:
    """A store of parcels, with one in it."""
    with contextlib.closing(_store(parcels)) as made:
        made.put(PUT_PARCEL, parcel())
        yield made


def _store(bench: Bench) -> Store:
    return Store(
        system=system(CHANGE, PREPEND, REMOVE, LAST, ADDED, COUNT, BOUNDED, SEVERAL),
        environment=bench.environment,
        client=bench.client(),
        meter=Meter(),
    )


def test_parts_change_and_the_rest_stays(shelf: Store) -> None:
    changes: dict[str, Any] = {
        "address.city": "Bern",
        "labels.red": 7,
        "stops[0].place": "Riga",
        "anything.x[1]": "more",
        "address.hints": ["cat"],
    }
    found = shelf.update(CHANGE, changes, expected=1, id="p")
    assert found == parcel(
        address=Address(city="Bern", floor=3, hints=["bell", "dog", "cat"]),
        labels={"red": 7},
        stops=[Stop(place="Riga", hours=2.5), Stop(place="Bern")],
        anything={"x": [1, "more"], "when": None},
        version=2,
    )
    assert shelf.get(GET_PARCEL, id="p") == found
    assert shelf.meter.calls[-2].write == 1.0


def test_somebody_else_s_change_is_met_by_its_version(shelf: Store) -> None:
    shelf.update(CHANGE, {"labels.red": 2}, expected=1, id="p")
    with pytest.raises(VersionConflictError):
        shelf.update(CHANGE, {"labels.red": 3}, expected=1, id="p")


def test_members_come_first_or_last(shelf: Store) -> None:
    shelf.update(PREPEND, {"stops": [Stop(place="A"), Stop(place="B")]}, id="p")
    found = shelf.update(ADDED, {"stops": [Stop(place="Z")]}, id="p")
    assert [stop.place for stop in found.stops] == ["A", "B", "Oslo", "Bern", "Z"]


def test_a_list_from_before_it_existed_begins_with_what_is_added(
    parcels: Bench, shelf: Store
) -> None:
    old = {"id": {"S": "p"}, "address": {"M": {"city": {"S": "Rome"}}}}
    parcels.admin.put_item(TableName=PARCELS.physical_name(parcels.environment), Item=old)
    found = shelf.update(ADDED, {"stops": [Stop(place="Z")]}, id="p")
    assert found.stops == [Stop(place="Z")]


def test_elements_keys_and_fields_are_removed(shelf: Store) -> None:
    found = shelf.update(REMOVE, {}, id="p")
    assert found.stops == [Stop(place="Bern")]
    assert found.labels == {}
    assert found.address == Address(city="Rome", floor=0, hints=["bell", "dog"])


def test_what_is_not_there_is_not_changed(shelf: Store) -> None:
    shelf.put(PUT_PARCEL, parcel(stops=[Stop(place="Oslo")]))
    with pytest.raises(ConditionFailedError):
        shelf.update(LAST, {"stops[1].hours": 1.0}, id="p")


@pytest.mark.parametrize(
    ("pattern", "changes", "path"),
    [
        (LAST, {"stops[1].hours": "many"}, "stops[1].hours"),
        (LAST, {"stops[1].hours": None}, "stops[1].hours"),
        (ADDED, {"stops": [Stop(place=1)]}, "stops[0].place"),  # type: ignore[arg-type]
    ],
)
def test_what_could_not_be_read_back_is_not_written(
    shelf: Store, pattern: Update[Any], changes: dict[str, Any], path: str
) -> None:
    with pytest.raises(BadValueError) as caught:
        shelf.update(pattern, changes, id="p")
    assert caught.value.path == path


def test_numbers_within_attributes_are_added_to_and_values_are_set_once(shelf: Store) -> None:
    # Given a parcel, when its numbers are added to and what it lacks is set, twice
    changes = {
        "address.floor": 2,
        "labels.red": 5,
        "labels.blue": 8,
        "stops[0].hours": 0.5,
        "stops[1].hours": 4.0,
    }
    shelf.update(COUNT, changes, id="p")
    found = shelf.update(COUNT, {**changes, "labels.blue": 9, "stops[1].hours": 7.0}, id="p")
    # Then both additions count, and the first of two values stays
    assert found == parcel(
        address=Address(city="Rome", floor=7, hints=["bell", "dog"]),
        labels={"red": 11, "blue": 8},
        stops=[Stop(place="Oslo", hours=3.5), Stop(place="Bern", hours=4.0)],
    )
    assert shelf.meter.calls[-1].write == 1.0


def test_an_addition_to_a_part_counts_from_the_default_or_from_0(
    parcels: Bench, shelf: Store
) -> None:
    old = {
        "id": {"S": "p"},
        "address": {"M": {"city": {"S": "Rome"}}},
        "labels": {"M": {}},
        "weights": {"M": {}},
    }
    parcels.admin.put_item(TableName=PARCELS.physical_name(parcels.environment), Item=old)
    shelf.update(COUNT, {"address.floor": -2, "labels.red": 4}, id="p")
    found = shelf.update(BOUNDED, {"weights.light": 3, "weights.heavy": -4}, id="p")
    assert (found.address.floor, found.labels) == (-2, {"red": 4})
    assert found.weights == Weights(light=3, heavy=6)


@pytest.mark.parametrize(
    ("stored", "added", "total"),
    [
        (Weights(light=9, heavy=10), {"weights.light": 1}, Weights(light=10, heavy=10)),
        (Weights(light=9, heavy=10), {"weights.light": 2}, None),
        (Weights(light=0, heavy=10), {"weights.light": -1}, None),
        (Weights(light=0, heavy=0), {"weights.heavy": -3}, Weights(light=0, heavy=-3)),
    ],
)
def test_a_total_in_a_part_keeps_to_its_bounds(
    shelf: Store, stored: Weights, added: dict[str, int], total: Weights | None
) -> None:
    shelf.put(PUT_PARCEL, parcel(weights=stored))
    if total is None:
        with pytest.raises(ConditionFailedError):
            shelf.update(BOUNDED, added, id="p")
    else:
        assert shelf.update(BOUNDED, added, id="p").weights == total


@pytest.mark.parametrize("change", ["labels.red", "stops[0].hours", "labels.blue"])
def test_what_a_part_lies_in_has_to_be_there(parcels: Bench, shelf: Store, change: str) -> None:
    old = {"id": {"S": "p"}, "address": {"M": {"city": {"S": "Rome"}}}}
    parcels.admin.put_item(TableName=PARCELS.physical_name(parcels.environment), Item=old)
    with pytest.raises(ConditionFailedError):
        shelf.update(COUNT, {change: 1}, id="p")


def test_parts_change_in_a_transaction_as_well(shelf: Store) -> None:
    shelf.put(PUT_PARCEL, parcel(id="q"))
    shelf.transact(
        SEVERAL,
        [
            Write.update(COUNT, {"labels.red": 5, "labels.blue": 8}, id="p"),
            Write.update(REMOVE, {}, id="q"),
            Write.put(PUT_PARCEL, parcel(id="r")),
        ],
    )
    assert shelf.meter.calls[-1].write == 6.0
    p, q = shelf.get(GET_PARCEL, id="p"), shelf.get(GET_PARCEL, id="q")
    assert p == parcel(labels={"red": 6, "blue": 8})
    assert q is not None
    assert (q.stops, q.labels, q.address.floor) == ([Stop(place="Bern")], {}, 0)


@pytest.mark.usefixtures("no_sleep")
@pytest.mark.parametrize("pattern", [ADDED, REMOVE, COUNT])
def test_what_would_happen_twice_is_not_repeated(
    parcels: Bench, shelf: Store, pattern: Update[Any]
) -> None:
    changes: dict[str, Any] = {"stops": [Stop(place="Z")]} if pattern.append else {}
    changes = {"labels.red": 5} if pattern is COUNT else changes
    with (
        fault_proxy(parcels.url) as proxy,
        contextlib.closing(_store(replace(parcels, url=proxy.url))) as unreliable,
    ):
        unreliable.get(GET_PARCEL, id="p")
        proxy.next(Fault.LOST)
        with pytest.raises(OutcomeUnknownError):
            unreliable.update(pattern, changes, id="p")
    found = shelf.get(GET_PARCEL, id="p")
    assert found is not None
    if pattern is COUNT:
        assert found.labels == {"red": 6}
    else:
        assert len(found.stops) == (3 if pattern.append else 1)
