"""The orders of the shop: tables, indexes and functions with all that a deployment can hold."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from keyline.model import (
    KEYS_ONLY,
    BatchGet,
    BatchWrite,
    Check,
    Delete,
    Entity,
    Function,
    Get,
    Index,
    Key,
    Put,
    Query,
    Retention,
    Route,
    StreamSource,
    StreamView,
    Table,
    TransactGet,
    TransactWrite,
    Ttl,
    Update,
    between,
    exists,
    include,
)


class Order(msgspec.Struct, kw_only=True):
    """An item with every kind of key attribute."""

    customer: str
    number: int
    day: Annotated[str, msgspec.Meta(min_length=10, max_length=10)]
    state: str
    country: str
    city: str
    placedAt: int
    photo: bytes
    total: int
    rank: int | None = None
    ttl: int | None = None


class OrderSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The retention of items, and the shards over which the states of orders are spread."""

    shards: int = 4
    days: float = 30


ORDERS = Table(
    "CustomerOrders",
    """Key design:
    customer / number: a customer's orders in order.
    """,
    key=Key("customer", "number"),
    entities=[Entity(Order)],
    indexes=[
        Index(name="ByDay", key=Key("day", "placedAt"), why="Orders of a day."),
        Index(
            name="ByState",
            key=Key("state", "photo"),
            why="Orders in a state.",
            projection=include("total", "ttl"),
            cardinality=3,
            shards="shards",
        ),
        Index(
            name="ByPlace",
            key=Key(("country", "city"), ("rank", "placedAt")),
            why="Ranked orders of a place.",
            projection=include("ttl"),
            sparse=True,
        ),
    ],
    ttl=Ttl("ttl", Retention(days="days", since="placedAt")),
    stream=StreamView.NEW_AND_OLD_IMAGES,
    physical="{name}{-env}",
)


class Mark(msgspec.Struct):
    """The fact that an order was seen."""

    pk: str
    order: str


MARKS = Table(
    "SeenOrders",
    "Key design: one mark for each order.",
    key=Key("pk"),
    entities=[Mark],
    indexes=[Index(name="ByOrder", key=Key("order"), why="Marks.", projection=KEYS_ONLY)],
    physical="{env}-{name}",
)

_ORDER: dict[str, Any] = {
    "table": ORDERS,
    "shape": Order,
    "item_bytes": 300,
    "per_month": 1_000.0,
    "why": "Test.",
}
_MARK: dict[str, Any] = {
    "table": MARKS,
    "shape": Mark,
    "item_bytes": 100,
    "per_month": 1_000.0,
    "why": "Test.",
}

ORDER_GET = Get(name="order-get", **_ORDER)
ORDER_PUT = Put(name="order-put", **_ORDER)
ORDER_UPDATE = Update(name="order-update", set=("total",), **_ORDER)
ORDER_DELETE = Delete(name="order-delete", **_ORDER)
ORDER_LIST = Query(name="order-list", sort=between("number"), **_ORDER)
ORDER_BY_DAY = Query(name="order-by-day", index="ByDay", **_ORDER)
ORDER_BATCH_GET = BatchGet(name="order-batch-get", **_ORDER)
ORDER_BATCH_WRITE = BatchWrite(name="order-batch-write", **_ORDER)
ORDER_EXISTS = Check(name="order-exists", conditions=(exists("total"),), **_ORDER)
MARK_PUT = Put(name="mark-put", **_MARK)
MARK_GET = Get(name="mark-get", **_MARK)
MARK_LIST = Query(name="mark-list", index="ByOrder", **_MARK)
ORDER_SNAPSHOT = TransactGet(name="order-snapshot", parts=(ORDER_GET, MARK_GET), **_ORDER)
ORDER_MARKED = TransactWrite(
    name="order-marked", parts=(ORDER_EXISTS, ORDER_UPDATE, MARK_PUT), **_ORDER
)


class Ranked(msgspec.Struct):
    """The shape that the place index carries."""

    customer: str
    number: int
    rank: int | None = None


class Summed(msgspec.Struct):
    """The shape that the state index carries."""

    customer: str
    number: int
    total: int


ORDER_BY_STATE = Query(name="order-by-state", index="ByState", **{**_ORDER, "shape": Summed})
ORDER_BY_PLACE = Query(name="order-by-place", index="ByPlace", **{**_ORDER, "shape": Ranked})

API = Function(
    name="api",
    handler="orders.api.handler",
    why="Answers over HTTP.",
    patterns=(
        ORDER_GET,
        ORDER_LIST,
        ORDER_BY_DAY,
        ORDER_BY_STATE,
        ORDER_BY_PLACE,
        ORDER_BATCH_GET,
        ORDER_SNAPSHOT,
        MARK_LIST,
    ),
    routes=(
        Route("GET", "/orders/{customer}", "orders:read"),
        Route("DELETE", "/orders/{customer}/{number}"),
    ),
    memory=2048,
    timeout=29,
    concurrency=7,
)
WRITER = Function(
    name="write",
    handler="orders.write.handler",
    why="Writes in every way.",
    patterns=(ORDER_PUT, ORDER_UPDATE, ORDER_DELETE, ORDER_BATCH_WRITE, ORDER_MARKED),
)
STREAM = Function(
    name="order-stream",
    handler="orders.stream.handler",
    why="Marks orders as seen.",
    patterns=(MARK_PUT,),
    source=StreamSource(
        table=ORDERS,
        events=("INSERT", "MODIFY"),
        where={"city": ("Lima",)},
        batch=50,
        window=5,
        max_attempts=3,
        max_age_hours=2,
        from_start=False,
    ),
)
NIGHTLY = Function(
    name="nightly",
    handler="orders.nightly.handler",
    why="Measures the tables.",
    patterns=(MARK_PUT,),
    schedule="cron(0 3 * * ? *)",
    describes=(ORDERS,),
)
