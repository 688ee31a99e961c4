"""Uses of a request to DynamoDB: its actions, tables and indexes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

_TRANSACTION_ACTIONS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}
TRANSACTIONS = frozenset({"TransactWriteItems", "TransactGetItems"})
_READS = frozenset(
    {"GetItem", "Query", "Scan", "BatchGetItem", "TransactGetItems", "ConditionCheckItem"}
)
_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"})


class _Target(msgspec.Struct):
    """The only members of a request that a decision needs."""

    TableName: str = ""
    IndexName: str | None = None
    StreamArn: str | None = None
    ResourceArn: str | None = None
    ShardIterator: str = ""


class _Iterator(msgspec.Struct):
    """The content of the embedded engine's iterators: base64 of JSON."""

    table_name: str


class _Batch(msgspec.Struct):
    RequestItems: dict[str, msgspec.Raw] = {}


class _Transaction(msgspec.Struct):
    TransactItems: list[dict[str, _Target]] = []


_target = msgspec.json.Decoder(_Target)
_batch = msgspec.json.Decoder(_Batch)
_transaction = msgspec.json.Decoder(_Transaction)


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a table by a request; `action` is without its `dynamodb:` prefix."""

    action: str
    table: str
    index: str | None = None
    arn: str | None = None

    @property
    def table_name(self) -> str:
        """The table's name; a request may name a table by its ARN."""
        named = self.table
        return named.rpartition("table/")[2] if named.startswith("arn:") else named

    @property
    def reads(self) -> bool:
        """Return whether the action reads items."""
        return self.action in _READS

    @property
    def writes(self) -> bool:
        """Return whether the action writes items."""
        return self.action in _WRITES


def uses(operation: str, body: bytes) -> list[Use]:
    """List the actions and resources that AWS checks for one request.

    A transaction is checked element by element as the single-item action it stands for; a
    batch as its own action on each table; a read of an index on the index alone. Source:
    the Service Authorization Reference for DynamoDB.

    Raises
    ------
    msgspec.DecodeError
        The body is not JSON, or a member has the wrong type.
    """
    if operation in ("BatchGetItem", "BatchWriteItem"):
        return [Use(operation, table) for table in _batch.decode(body).RequestItems]
    if operation in TRANSACTIONS:
        return [
            Use(_TRANSACTION_ACTIONS[kind], target.TableName)
            for element in _transaction.decode(body).TransactItems
            for kind, target in element.items()
            if kind in _TRANSACTION_ACTIONS
        ]
    target = _target.decode(body or b"{}")
    if operation == "GetRecords":
        return [Use(operation, _table_of(target.ShardIterator))]
    arn = target.StreamArn or target.ResourceArn
    return [Use(operation, target.TableName, target.IndexName, arn)]


def _table_of(iterator: str) -> str:
    """Return the table whose stream an iterator reads; empty where the iterator does not say it."""
    try:
        text = base64.b64decode(iterator + "=" * (-len(iterator) % 4), validate=True)
        return msgspec.json.decode(text, type=_Iterator).table_name
    except (binascii.Error, msgspec.DecodeError):
        return ""


def operation_of(headers: Mapping[bytes, bytes]) -> str:
    """Return the operation that a request asks for, such as `PutItem`."""
    return headers.get(b"x-amz-target", b"").decode("latin-1").rpartition(".")[2]
