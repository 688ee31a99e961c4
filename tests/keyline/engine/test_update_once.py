"""Updates that are carried out exactly once: counted, paid for, and refused as other updates."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from keyline.model import Entity, Function, Get, Key, Put, System, Table, Ttl, Update, less_than
from keyline.run import (
    BadCallError,
    ConditionFailedError,
    Meter,
    NotFoundError,
    Store,
)
from tests.support.bench import Bench, fresh


class Tally(msgspec.Struct, kw_only=True):
    """A counter, and the events that it counted."""

    id: str
    n: int = 0
    events: list[str] = []
    ttl: int | None = None


TALLIES = Table(
    "Tallies", "Key design: one by one.", key=Key("id"), entities=[Entity(Tally)], ttl=Ttl("ttl")
)


def _said(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "why": "Tested.",
        "table": TALLIES,
        "shape": Tally,
        "item_bytes": 100,
        "per_month": 1,
    }


GET = Get(**_said("get"))
PUT = Put(replace=True, **_said("put"))
COUNT = Update(add=("n",), append=("events",), exactly_once=True, **_said("count"))
BELOW = Update(
    add=("n",), conditions=(less_than("n", "most"),), exactly_once=True, **_said("count-below")
)
START = Update(add=("n",), upsert=True, exactly_once=True, **_said("start"))
PLAIN = Update(add=("n",), **_said("plain"))
SYSTEM = System(
    name="tallies",
    title="Tallies",
    tables=(TALLIES,),
    functions=(
        Function(
            name="all",
            handler="tallies.handler",
            why="All.",
            patterns=(GET, PUT, COUNT, BELOW, START, PLAIN),
        ),
    ),
)


@pytest.fixture
def tallies(engine: str) -> Iterator[Bench]:
    with fresh(engine, (TALLIES,)) as bench:
        yield bench


@pytest.fixture
def store(tallies: Bench) -> Iterator[Store]:
    """A store with one tally."""
    made = Store(
        system=SYSTEM,
        environment=tallies.environment,
        client=tallies.client(),
        meter=Meter(),
        measure_sizes=True,
    )
    with contextlib.closing(made):
        made.put(PUT, Tally(id="a"))
        yield made


def test_it_counts_each_call_for_twice_the_units(store: Store) -> None:
    for n in range(3):
        store.update_once(COUNT, {"n": 2, "events": [str(n)]}, id="a")
    call = store.meter.calls[-1]
    assert (call.pattern, call.operation, call.write, call.read) == (
        "count",
        "TransactWriteItems",
        2.0,
        0.0,
    )
    assert store.get(GET, id="a") == Tally(id="a", n=6, events=["0", "1", "2"])


def test_calls_with_one_token_count_once(store: Store) -> None:
    token = uuid.uuid4().hex
    for _ in range(3):
        store.update_once(COUNT, {"n": 2}, token=token, id="a")
    # DynamoDB only reads what the first one has written
    units = [(call.read, call.write) for call in store.meter.calls[-3:]]
    assert units == [(0.0, 2.0), (2.0, 0.0), (2.0, 0.0)]
    assert store.get(GET, id="a") == Tally(id="a", n=2)
    with pytest.raises(BadCallError, match="used for other actions"):
        store.update_once(COUNT, {"n": 3}, token=token, id="a")


def test_calls_with_the_token_and_the_moment_of_an_operation_count_once(store: Store) -> None:
    token, moment = uuid.uuid4().hex, time.time() - 61.5
    for _ in range(2):
        store.update_once(START, {"n": 2}, token=token, moment=moment, id="new")
    assert store.get(GET, id="new") == Tally(id="new", n=2)


def test_what_is_not_met_is_told_as_by_other_updates(store: Store) -> None:
    with pytest.raises(NotFoundError):
        store.update_once(COUNT, {"n": 2}, id="none")
    store.update_once(BELOW, {"n": 2}, id="a", most=1)
    with pytest.raises(ConditionFailedError) as caught:
        store.update_once(BELOW, {"n": 2}, id="a", most=1)
    assert caught.value.current_item() == Tally(id="a", n=2)


def test_an_expired_item_is_not_replaced(store: Store) -> None:
    store.put(PUT, Tally(id="old", n=7, ttl=int(time.time()) - 60))
    with pytest.raises(ConditionFailedError):
        store.update_once(START, {"n": 2}, id="old")


def test_each_call_takes_patterns_of_its_own(store: Store) -> None:
    with pytest.raises(BadCallError, match=r"returns no item\. Use update_once"):
        store.update(COUNT, {"n": 2}, id="a")
    with pytest.raises(BadCallError, match=r"returns no item\. Use update_once"):
        store.get_and_update(COUNT, {"n": 2}, id="a")
    with pytest.raises(BadCallError, match="Declare exactly_once=True"):
        store.update_once(PLAIN, {"n": 2}, id="a")
    assert store.get(GET, id="a") == Tally(id="a")
