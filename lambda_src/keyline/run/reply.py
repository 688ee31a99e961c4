"""DynamoDB's answers, as far as they are read: typed by the wire type of their items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import msgspec

from keyline.known_types import decoder_of

W = TypeVar("W")


class Units(msgspec.Struct, gc=False):
    """The units that a table or an index consumed."""

    CapacityUnits: float = 0.0
    ReadCapacityUnits: float | None = None
    WriteCapacityUnits: float | None = None


class Capacity(msgspec.Struct, gc=False):
    """The units that a call consumed of one table and its indexes."""

    TableName: str = ""
    CapacityUnits: float = 0.0
    ReadCapacityUnits: float | None = None
    WriteCapacityUnits: float | None = None
    Table: Units | None = None
    GlobalSecondaryIndexes: dict[str, Units] = {}


class ItemReply(msgspec.Struct, Generic[W], gc=False):
    """The reply of GetItem: the item."""

    Item: W | None = None
    ConsumedCapacity: Capacity | None = None


class PageReply(msgspec.Struct, Generic[W], gc=False):
    """The reply of Query: a page of items, how many were read, and where the next one starts."""

    Items: list[W] = []
    ScannedCount: int = 0
    LastEvaluatedKey: dict[str, dict[str, Any]] | None = None
    ConsumedCapacity: Capacity | None = None


class CountReply(msgspec.Struct, gc=False):
    """The reply of Query without its items: how many, and where the next ones start."""

    Count: int = 0
    LastEvaluatedKey: dict[str, dict[str, Any]] | None = None
    ConsumedCapacity: Capacity | None = None


class WriteReply(msgspec.Struct, Generic[W], gc=False):
    """The reply of PutItem, UpdateItem, DeleteItem: the attributes asked for."""

    Attributes: W | None = None
    ConsumedCapacity: Capacity | None = None


class BatchGetReply(msgspec.Struct, Generic[W], gc=False):
    """The reply of BatchGetItem: items by table, and what was left undone."""

    Responses: dict[str, list[W]] = {}
    UnprocessedKeys: dict[str, dict[str, Any]] = {}
    ConsumedCapacity: list[Capacity] = []


class BatchWriteReply(msgspec.Struct, gc=False):
    """The reply of BatchWriteItem: what was left undone."""

    UnprocessedItems: dict[str, list[dict[str, Any]]] = {}
    ConsumedCapacity: list[Capacity] = []


class TransactReply(msgspec.Struct, gc=False):
    """The reply of TransactWriteItems."""

    ConsumedCapacity: list[Capacity] = []


class TransactGetReply(msgspec.Struct, gc=False):
    """The reply of TransactGetItems: one answer per read, each of its own shape."""

    Responses: list[msgspec.Raw] = []
    ConsumedCapacity: list[Capacity] = []


class ConditionReply(msgspec.Struct, Generic[W], gc=False):
    """The reply of a failed condition: the item that is there."""

    Item: W | None = None


class RawReply(msgspec.Struct, gc=False):
    """The reply about one item: the item as it came, empty where no item is there."""

    Item: msgspec.Raw = msgspec.Raw()
    Attributes: msgspec.Raw = msgspec.Raw()
    ConsumedCapacity: Capacity | None = None


class Reason(msgspec.Struct, gc=False):
    """The reason why a part of a transaction failed."""

    Code: str = "None"
    Item: msgspec.Raw = msgspec.Raw()


class CancelledReply(msgspec.Struct, gc=False):
    """The reply of a cancelled transaction."""

    CancellationReasons: list[Reason] = []


class Throttling(msgspec.Struct, gc=False):
    """The reason and the place of a throttled request."""

    reason: str = ""
    resource: str = ""


class ThrottledReply(msgspec.Struct, gc=False):
    """The reply of a throttled request. ThrottlingException writes its member in small letters."""

    ThrottlingReasons: list[Throttling] = []
    throttlingReasons: list[Throttling] = []


_decoders: dict[tuple[Any, Any], msgspec.json.Decoder[Any]] = {}


def decoder(reply: Any, wire: Any = None) -> msgspec.json.Decoder[Any]:
    """Return what decodes an answer whose items are of a wire type.

    The decoder is lenient, because DynamoDB writes numbers as text.
    """
    found = _decoders.get((reply, wire))
    if found is None:
        kind = reply if wire is None else reply[wire]
        found = _decoders.setdefault((reply, wire), decoder_of(kind, strict=False))
    return found


Raw = Mapping[str, Mapping[str, Any]]
"""An item as DynamoDB writes it."""

RAW: Any = dict[str, dict[str, Any]]
"""The wire type of an item of which no shape is known."""
