"""A stream record as Lambda delivers it → a typed change of an item.

Source of the format: DynamoDB API reference, "Record" and "StreamRecord"; of the identity that
marks a deletion by TTL: DynamoDB developer guide, "DynamoDB Streams and Time to Live".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, Literal, TypeVar

import msgspec

from keyline.errors import raise_first
from keyline.model.shape_checks import shape_faults
from keyline.model.stream_filter import TTL_PRINCIPAL
from keyline.model.table import Table
from keyline.run.codec import Reader
from keyline.run.errors import ItemUnreadableError
from keyline.run.untyped import decode_any

ItemT = TypeVar("ItemT", bound=msgspec.Struct)
Kind = Literal["INSERT", "MODIFY", "REMOVE"]

_BROKEN = (AttributeError, KeyError, TypeError, ValueError)
_FILTER = "Give the StreamSource the shape of the items that the function reads."


class Change(msgspec.Struct, Generic[ItemT], frozen=True):
    """One change of one item.

    Attributes
    ----------
    new, old
        The item after and before; None where there is none, or the stream does not show it.
    keys
        The primary key, as stored.
    expired
        Whether DynamoDB deleted the item because its time was over.
    sequence
        The record's sequence number: rises with each change of one item.
    event_id
        The same at each delivery of one change, and of no other.
    """

    kind: Kind
    new: ItemT | None
    old: ItemT | None
    keys: Mapping[str, Any]
    expired: bool
    sequence: str
    event_id: str


class ChangeReader(Generic[ItemT]):
    """Reads the stream records of one kind of item.

    Parameters
    ----------
    table
        The table whose stream it is.
    shape
        What the items come as: one of the table's kinds, or some of its fields.

    Raises
    ------
    DeclarationError
        If no item of the table can come as the shape.
    """

    def __init__(self, table: Table, shape: type[ItemT]) -> None:
        kind = table.entity_of(shape)
        self._where = f"{table.name}.stream"
        raise_first(shape_faults(table, kind, shape), self._where)
        self._reader: Reader[ItemT] = Reader(self._where, table, kind, shape)

    def read(self, record: Mapping[str, Any]) -> Change[ItemT]:
        """Return the change that a record tells of.

        Raises
        ------
        ItemUnreadableError
            If an image is not an item of the kind. The message holds its key, and none of its other
            values.
        """
        try:
            return self._read(record)
        except ItemUnreadableError as error:
            raise ItemUnreadableError(
                self._where, error.message, _FILTER, key=error.key, field=error.field
            ) from None
        except _BROKEN:
            message = "a record cannot be read: it is not as DynamoDB's streams write records."
            raise ItemUnreadableError(self._where, message, _FILTER) from None

    def _read(self, record: Mapping[str, Any]) -> Change[ItemT]:
        change = record["dynamodb"]
        return Change(
            kind=record["eventName"],
            new=self._item(change.get("NewImage")),
            old=self._item(change.get("OldImage")),
            keys={name: decode_any(value) for name, value in change["Keys"].items()},
            expired=_is_expiry(record),
            sequence=change["SequenceNumber"],
            event_id=record["eventID"],
        )

    def _item(self, image: dict[str, Any] | None) -> ItemT | None:
        if image is None:
            return None
        return self._reader.item(self._reader.fit(image))


def _is_expiry(record: Mapping[str, Any]) -> bool:
    identity = record.get("userIdentity") or {}
    by_service = (identity.get("type"), identity.get("principalId")) == ("Service", TTL_PRINCIPAL)
    return record["eventName"] == "REMOVE" and by_service
