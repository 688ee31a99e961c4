"""Fills in a real table: an index's key, an attribute, and writers at the same time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from keyline.errors import KeylineError
from keyline.run import Connection, Reply
from keyline_ops.migrating.declaration import Backfills
from keyline_ops.migrating.job import Job
from tests.keyline_ops.engine.migrating.bench import Bench
from tests.support.sample.moving import BY_CITY, PARCELS, SYSTEM, WEIGHTS

NAME = PARCELS.physical_name("local")


def parcel(number: int, **more: Any) -> dict[str, Any]:
    return {"parcelId": {"S": f"p{number:03d}"}, "city": {"S": "Bonn"}, **more}


def index(bench: Bench) -> Job:
    (fill,) = Backfills(SYSTEM, ()).named("Parcels/ByCity", "local")
    return bench.job(fill)


def test_an_index_on_a_template_key_is_filled(bench: Bench) -> None:
    bench.put(PARCELS, [parcel(n) for n in range(300)])
    bench.put(PARCELS, [parcel(999, byCity={"S": "CITY#Bonn"}, unknown={"S": "kept"})])
    store, job = bench.store(), index(bench)
    assert len([*store.items(BY_CITY, city="Bonn")]) == 1
    assert job.try_out(lambda _: None).written == 300
    assert not job.verify(lambda _: None).faultless
    outcome = job.run(lambda _: None).outcome
    assert (outcome.written, outcome.there) == (300, 1)
    assert len([*store.items(BY_CITY, city="Bonn")]) == 301
    assert job.verify(lambda _: None).faultless
    stored = {item["parcelId"]["S"]: item for item in bench.items(PARCELS)}
    assert stored["p999"]["unknown"] == {"S": "kept"}
    assert stored["p001"] == {**parcel(1), "byCity": {"S": "CITY#Bonn"}}


def test_an_attribute_is_filled_and_one_that_is_there_stays(bench: Bench) -> None:
    bench.put(PARCELS, [parcel(1, note={"S": "four"}), parcel(2, weight={"N": "9"})])
    outcome = bench.job(WEIGHTS).run(lambda _: None).outcome
    assert (outcome.written, outcome.there) == (1, 1)
    weights = {item["parcelId"]["S"]: item["weight"]["N"] for item in bench.items(PARCELS)}
    assert weights == {"p001": "4", "p002": "9"}


def test_what_is_written_meanwhile_stays_and_what_is_deleted_stays_away(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A release of before, which writes no key, interferes before each update."""
    bench.put(PARCELS, [parcel(n) for n in (1, 2, 3)])
    client, send = bench.where.client(), Connection.send
    left: dict[str, Callable[[], object]] = {
        "p001": lambda: client.delete_item(TableName=NAME, Key={"parcelId": {"S": "p001"}}),
        "p002": lambda: bench.put(PARCELS, [parcel(2, city={"S": "Ulm"})]),
        "p003": lambda: bench.put(PARCELS, [parcel(3, note={"S": "new"})]),
    }

    def interfering(
        self: Connection, operation: str, request: Mapping[str, Any], *, repeatable: bool = True
    ) -> Reply:
        if operation == "UpdateItem" and (act := left.pop(request["Key"]["parcelId"]["S"], None)):
            act()
        return send(self, operation, request, repeatable=repeatable)

    monkeypatch.setattr(Connection, "send", interfering)
    outcome = index(bench).run(lambda _: None, segments=1).outcome
    assert (outcome.written, outcome.gone) == (2, 1)
    stored = {item["parcelId"]["S"]: item for item in bench.items(PARCELS)}
    assert stored == {
        "p002": {**parcel(2, city={"S": "Ulm"}), "byCity": {"S": "CITY#Ulm"}},
        "p003": {**parcel(3, note={"S": "new"}), "byCity": {"S": "CITY#Bonn"}},
    }


def test_a_table_that_is_not_there_is_told(bench: Bench) -> None:
    bench.where.client().delete_table(TableName=NAME)
    with pytest.raises(KeylineError, match="is not deployed"):
        index(bench).run(lambda _: None)
