"""A table of the readings of devices, of any size, and its calls by two clients.

The partition of a device has 50 readings, whatever the table's size. That of a kind in the index
grows with the table. Every reading is as large as every other one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
from rich.progress import track

from keyline.model import (
    ALL,
    Function,
    Get,
    Index,
    Key,
    Put,
    Query,
    System,
    Table,
    TransactWrite,
    Update,
)
from keyline.run import Connection, Store, Write, dynamodb_client
from tests.support.engine import admin_client, where
from tests.support.tables import create_table_params

PAGE = 20
OF_A_DEVICE = 50
"""Readings of a device."""
KINDS = 4
BATCH = 25
"""Items of one request."""
TEXT = "x" * 60
Calls = dict[str, Callable[[int], Any]]
"""What is called, by name, with the number of a reading."""


class Reading(msgspec.Struct, kw_only=True):
    """A reading of a device."""

    device: str
    number: int
    kind: str
    text: str
    seen: int


TABLE = Table(
    "Readings",
    "Key design: the readings of a device lie together, in their order.",
    key=Key("device", "number"),
    entities=[Reading],
    indexes=[
        Index(
            name="Kinds", key=Key("kind", "number"), projection=ALL, why="All of a kind, in order."
        )
    ],
)


def _common(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "why": "Measured.",
        "table": TABLE,
        "shape": Reading,
        "item_bytes": 150,
        "per_month": 1,
    }


GET = Get(**_common("get-reading"))
CREATE = Put(**_common("create-reading"))
UPDATE = Update(add=("seen",), **_common("see-reading"))
OF_DEVICE = Query(page=PAGE, **_common("readings-of-device"))
OF_KIND = Query(index="Kinds", page=PAGE, **_common("readings-of-kind"))
SEE_TWO = TransactWrite(parts=(UPDATE,), items=2, **_common("see-two"))
SYSTEM = System(
    name="readings",
    title="Readings",
    tables=(TABLE,),
    functions=(
        Function(
            name="all",
            handler="readings.handlers.all.handler",
            why="All.",
            patterns=(GET, CREATE, UPDATE, OF_DEVICE, OF_KIND, SEE_TWO),
        ),
    ),
)


def environment(size: int) -> str:
    """Return the environment whose table has so many readings."""
    return f"size{size}"


def reading(number: int) -> Reading:
    """Return the reading of a number."""
    place = key(number)
    kind = f"kind-{number % KINDS}"
    return Reading(**place, kind=kind, text=TEXT, seen=100)


def key(number: int) -> dict[str, Any]:
    """Return the key of the reading of a number. Keys of all numbers have the same size."""
    return {"device": f"device-{number // OF_A_DEVICE:08}", "number": 10_000_001 + number}


def fill(url: str, size: int) -> Store:
    """Create the table of a size with its readings, and return a store of it."""
    admin_client(url).create_table(**create_table_params(TABLE, environment(size)))
    name, link = TABLE.physical_name(environment(size)), Connection(dynamodb_client(**where(url)))

    def write(start: int) -> None:
        numbers = range(start, min(start + BATCH, size))
        puts = [{"PutRequest": {"Item": typed(reading(n))}} for n in numbers]
        link.send("BatchWriteItem", {"RequestItems": {name: puts}})

    starts = range(0, size, BATCH)
    with ThreadPoolExecutor(2) as pool:
        done: Iterable[None] = pool.map(write, starts)
        for _ in track(done, f"Writing {size:,} readings", total=len(starts)):
            pass
    client = dynamodb_client(**where(url))
    return Store(system=SYSTEM, environment=environment(size), client=client)


def by_keyline(store: Store) -> Calls:
    """Return the calls of Keyline's run time."""
    see = {"seen": 1}
    return {
        "get": lambda n: store.get(GET, **key(n)),
        "create": lambda n: store.put(CREATE, reading(n)),
        "update": lambda n: store.update(UPDATE, see, **key(n)),
        f"query of {PAGE}": lambda n: store.query(OF_DEVICE, limit=PAGE, device=reading(n).device),
        f"query of {PAGE} by the index": lambda n: store.query(
            OF_KIND, limit=PAGE, kind=reading(n).kind
        ),
        "transaction of 2 updates": lambda n: store.transact(
            SEE_TWO, [Write.update(UPDATE, see, **key(each)) for each in (n, n ^ 1)]
        ),
    }


def by_boto3(url: str, size: int) -> Calls:
    """Return the same calls of boto3's client."""
    client = admin_client(url)
    common = {"TableName": TABLE.physical_name(environment(size))}
    metered = {**common, "ReturnConsumedCapacity": "INDEXES"}

    def see(n: int) -> dict[str, Any]:
        return {
            "Key": _key(n),
            "UpdateExpression": "ADD #s :one",
            "ConditionExpression": "attribute_exists(#d)",
            "ExpressionAttributeNames": {"#s": "seen", "#d": "device"},
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }

    def page(name: str, value: str, more: dict[str, Any]) -> Any:
        return client.query(
            KeyConditionExpression="#k = :k",
            ExpressionAttributeNames={"#k": name},
            ExpressionAttributeValues={":k": {"S": value}},
            Limit=PAGE,
            **more,
            **metered,
        )

    return {
        "get": lambda n: client.get_item(Key=_key(n), **metered),
        "create": lambda n: client.put_item(
            Item=typed(reading(n)),
            ConditionExpression="attribute_not_exists(#d)",
            ExpressionAttributeNames={"#d": "device"},
            **metered,
        ),
        "update": lambda n: client.update_item(ReturnValues="ALL_NEW", **see(n), **metered),
        f"query of {PAGE}": lambda n: page("device", reading(n).device, {}),
        f"query of {PAGE} by the index": lambda n: page(
            "kind", reading(n).kind, {"IndexName": "Kinds"}
        ),
        "transaction of 2 updates": lambda n: client.transact_write_items(
            TransactItems=[{"Update": {**see(each), **common}} for each in (n, n ^ 1)],
            ReturnConsumedCapacity="INDEXES",
        ),
    }


def typed(item: Reading) -> dict[str, Any]:
    """Return a reading as DynamoDB's API writes it."""
    return _typed(msgspec.structs.asdict(item))


def _key(number: int) -> dict[str, Any]:
    return _typed(key(number))


def _typed(plain: dict[str, Any]) -> dict[str, Any]:
    return {k: {"S": v} if isinstance(v, str) else {"N": str(v)} for k, v in plain.items()}
