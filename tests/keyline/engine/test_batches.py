"""Batches of any size, and what DynamoDB leaves of them undone."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from keyline.run import Meter, Store, backoff
from keyline.run.errors import BadCallError, ItemTooLargeError, UnprocessedLeftError
from tests.support.answers import answer, intercept
from tests.support.bench import Bench
from tests.support.sample.notes import GET_NOTES, PUT_NOTE, WRITE_NOTES, note
from tests.support.sample.shop import LARGE

NOW = float(round(time.time() * 1000))
KEYS: list[dict[str, Any]] = [{"owner": "ann", "timestamp": NOW + n} for n in range(230)]


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The waits, which take no time."""
    taken: list[int] = []
    monkeypatch.setattr(backoff, "wait", taken.append)
    return taken


def test_any_number_is_written_and_read(store: Store) -> None:
    store.batch_write(WRITE_NOTES, puts=[note(**key) for key in KEYS])
    keys = [*reversed(KEYS), KEYS[3], {"owner": "nobody", "timestamp": 1.0}]
    found = store.batch_get(GET_NOTES, keys=keys)
    # In the order asked for, each once, the missing left out
    assert [n.timestamp for n in found] == [k["timestamp"] for k in reversed(KEYS)]
    store.batch_write(WRITE_NOTES, deletes=KEYS[:200])
    assert len(store.batch_get(GET_NOTES, keys=KEYS)) == 30
    calls = [c.operation for c in store.meter.calls]
    assert (calls.count("BatchWriteItem"), calls.count("BatchGetItem")) == (10 + 8, 3 + 3)


@pytest.mark.requirement("I-16", "I-69", "X-11")
def test_what_is_left_undone_is_drained(bench: Bench, waits: list[int]) -> None:
    # Given an engine behind which all but four parts of a request are left undone
    client = bench.client()
    meter = Meter()
    store = Store(system=LARGE, environment=bench.environment, client=client, meter=meter)
    inner = bench.store(measure=False)
    name = f"StaffNotes-{bench.environment}"

    def partly(request: dict[str, Any]) -> AWSResponse:
        asked = request["RequestItems"][name]
        if isinstance(asked, list):
            client_part = asked[:4]
            bench.admin.batch_write_item(RequestItems={name: client_part})
            return answer(200, {"UnprocessedItems": {name: asked[4:]} if asked[4:] else {}})
        found = bench.admin.batch_get_item(RequestItems={name: {"Keys": asked["Keys"][:4]}})[
            "Responses"
        ][name]
        left = {name: {**asked, "Keys": asked["Keys"][4:]}} if asked["Keys"][4:] else {}
        return answer(200, {"Responses": {name: found}, "UnprocessedKeys": left})

    intercept(client, partly)
    store.batch_write(WRITE_NOTES, puts=[note(**key, status="s") for key in KEYS[:60]])
    assert len(inner.batch_get(GET_NOTES, keys=KEYS)) == 60
    found = store.batch_get(GET_NOTES, keys=KEYS[:60])
    assert [n.timestamp for n in found] == [k["timestamp"] for k in KEYS[:60]]
    for operation in ("BatchWriteItem", "BatchGetItem"):
        assert sum(c.items for c in meter.calls if c.operation == operation) == 60
    # Each answer got something done, so that the wait never grew
    assert set(waits) == {1}


@pytest.mark.parametrize("operation", ["write", "read"])
def test_a_batch_that_gets_nowhere_is_given_up(
    bench: Bench, waits: list[int], operation: str
) -> None:
    client = bench.client()
    store = Store(system=LARGE, environment=bench.environment, client=client)

    def nothing(request: dict[str, Any]) -> AWSResponse:
        kind = "UnprocessedItems" if operation == "write" else "UnprocessedKeys"
        return answer(200, {kind: request["RequestItems"]})

    intercept(client, nothing)
    with pytest.raises(UnprocessedLeftError) as error:
        if operation == "write":
            store.batch_write(WRITE_NOTES, puts=[note(**key) for key in KEYS[:30]])
        else:
            store.batch_get(GET_NOTES, keys=KEYS[:30])
    assert len(error.value.remaining) == 30
    assert waits == [1, 2, 3, 4, 5, 6, 7]


def test_a_batch_names_an_item_once(store: Store) -> None:
    with pytest.raises(BadCallError, match="twice"):
        store.batch_write(WRITE_NOTES, puts=[note(**KEYS[0])], deletes=[KEYS[0]])
    with pytest.raises(BadCallError, match="lacks timestamp"):
        store.batch_get(GET_NOTES, keys=[{"owner": "ann"}])
    assert store.meter.calls == []


def test_a_batch_with_an_item_too_large_writes_nothing(store: Store) -> None:
    with pytest.raises(ItemTooLargeError):
        store.batch_write(
            WRITE_NOTES, puts=[note(**KEYS[0]), note(**KEYS[1], tags={"y" * 410_000})]
        )
    assert store.meter.calls == []


def test_large_items_are_split_by_size(store: Store) -> None:
    # 25 items of 390 KB are beyond what one request may carry together with their names
    store.put(PUT_NOTE, note("bob", NOW))
    store.batch_write(WRITE_NOTES, puts=[note(**key, tags={"y" * 390_000}) for key in KEYS[:3]])
    assert len(store.batch_get(GET_NOTES, keys=KEYS[:3])) == 3
