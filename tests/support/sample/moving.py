"""A shop's receipts that move from one table to another, and parcels that lack an index's key."""

from __future__ import annotations

import msgspec

from keyline.model import (
    Copy,
    Delete,
    Entity,
    Fill,
    Function,
    Get,
    Index,
    Key,
    Put,
    Query,
    System,
    Table,
    TransactWrite,
    Ttl,
)


class OldReceipt(msgspec.Struct, kw_only=True):
    """A receipt as it was stored first.

    Attributes
    ----------
    expires
        Epoch seconds; None for a receipt that is kept.
    """

    customer: str
    number: int
    cents: int
    text: str = ""
    scan: bytes | None = None
    expires: int | None = None


class Receipt(msgspec.Struct, kw_only=True):
    """A receipt as it is stored now."""

    customer: str
    number: int
    cents: int
    text: str = ""
    scan: bytes | None = None


OLD_RECEIPTS = Table(
    "OldReceipts",
    "Key design: a customer's receipts by number.",
    key=Key("customer", "number"),
    entities=[OldReceipt],
    ttl=Ttl("expires"),
)
RECEIPTS = Table(
    "Receipts",
    "Key design: a receipt is its own partition.",
    key=Key("pk"),
    entities=[Entity(Receipt, keys={"pk": "{customer}#{number:08d}"})],
    ttl=Ttl("ttl"),
)


class Parcel(msgspec.Struct, kw_only=True):
    """A parcel; earlier releases stored it without `byCity`, and without `weight`."""

    parcelId: str
    city: str
    weight: int = 0
    note: str | None = None


PARCELS = Table(
    "Parcels",
    "Key design: a parcel is its own partition.",
    key=Key("parcelId"),
    entities=[Entity(Parcel, keys={"byCity": "CITY#{city}"})],
    indexes=[Index(name="ByCity", key=Key("byCity", "parcelId"), why="A city's parcels.")],
)

PUT_OLD = Put(
    name="put-old-receipt",
    why="Write a receipt where it was stored first.",
    table=OLD_RECEIPTS,
    shape=OldReceipt,
    replace=True,
    item_bytes=100,
)
PUT_NEW = Put(
    name="put-receipt",
    why="Write a receipt where it is stored now.",
    table=RECEIPTS,
    shape=Receipt,
    replace=True,
    item_bytes=100,
)
DELETE_OLD = Delete(
    name="delete-old-receipt",
    why="Delete a receipt where it was stored first.",
    table=OLD_RECEIPTS,
    shape=OldReceipt,
    item_bytes=100,
)
DELETE_NEW = Delete(
    name="delete-receipt",
    why="Delete a receipt where it is stored now.",
    table=RECEIPTS,
    shape=Receipt,
    item_bytes=100,
)
WRITE_BOTH = TransactWrite(
    name="write-both",
    why="Write a receipt to both tables, or to neither.",
    table=RECEIPTS,
    shape=Receipt,
    item_bytes=100,
    parts=(PUT_OLD, PUT_NEW),
)
DELETE_BOTH = TransactWrite(
    name="delete-both",
    why="Delete a receipt from both tables, or from neither.",
    table=RECEIPTS,
    shape=Receipt,
    item_bytes=100,
    parts=(DELETE_OLD, DELETE_NEW),
)
BY_CITY = Query(
    name="parcels-by-city",
    why="Show a city's parcels.",
    table=PARCELS,
    index="ByCity",
    shape=Parcel,
    item_bytes=100,
)
GET_PARCEL = Get(
    name="get-parcel", why="Show a parcel.", table=PARCELS, shape=Parcel, item_bytes=100
)

SYSTEM = System(
    name="receipts",
    title="Receipts of a shop",
    tables=(OLD_RECEIPTS, RECEIPTS, PARCELS),
    functions=(
        Function(
            name="receipts",
            handler="receipts.handlers.api.handler",
            why="Writes both tables.",
            patterns=(WRITE_BOTH, DELETE_BOTH, BY_CITY, GET_PARCEL),
        ),
    ),
)


def receipt_of(old: OldReceipt) -> Receipt | None:
    """Return the receipt that an old one becomes; None for one of no amount."""
    if old.cents == 0:
        return None
    return Receipt(
        customer=old.customer, number=old.number, cents=old.cents, text=old.text, scan=old.scan
    )


RECEIPTS_COPY = Copy(
    name="receipts",
    why="Bring the receipts into a table whose partitions are spread.",
    source=OLD_RECEIPTS,
    target=RECEIPTS,
    shape=OldReceipt,
    into=Receipt,
    transform=receipt_of,
)


def weighed(parcel: Parcel) -> Parcel:
    """Return a parcel with the weight that its note says."""
    return msgspec.structs.replace(parcel, weight=len(parcel.note or ""))


WEIGHTS = Fill(
    name="weights",
    why="Give parcels of before their weight.",
    table=PARCELS,
    shape=Parcel,
    attributes=("weight",),
    fill=weighed,
)
BACKFILLS = (RECEIPTS_COPY, WEIGHTS)
