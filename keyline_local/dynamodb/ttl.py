"""Deletion by TTL on demand: AWS takes days, a person at a terminal wants it now."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from keyline_local.dynamodb.dynamodb_api import DynamoApi
from keyline_local.resources import Table


@dataclass(frozen=True)
class Sweep:
    """The items that a sweep deleted, or would delete.

    Attributes
    ----------
    counts
        Items by table, for the tables that have a TTL attribute.
    deleted
        Items the engine says it deleted, in all its tables; 0 in a dry run.
    """

    counts: Mapping[str, int]
    deleted: int
    dry_run: bool


async def sweep(
    tables: Iterable[Table],
    *,
    api: DynamoApi,
    delete: Callable[[], Awaitable[int]],
    dry_run: bool = False,
    now: float | None = None,
) -> Sweep:
    """Delete the expired items of all tables as TTL does, leaving its mark in the streams.

    The engine does it itself (`Engine.sweep_ttl`): only then does a stream's REMOVE record
    carry TTL's identity. Unlike AWS it also deletes items that expired more than five years
    ago.

    Parameters
    ----------
    tables
        The tables to count in; the engine sweeps every table with TTL enabled.
    delete
        Deletes them all and returns how many there were: `Engine.sweep_ttl`.
    dry_run
        Count only.
    now
        Epoch seconds against which items are counted; the engine uses its own clock.
    """
    moment = int(time.time() if now is None else now)
    expiring = {table.name: table.ttl_attribute for table in tables if table.ttl_attribute}
    before = {name: await _expired(api, name, by, moment) for name, by in expiring.items()}
    if dry_run:
        return Sweep(before, 0, dry_run=True)
    deleted = await delete()
    counts = {
        name: before[name] - await _expired(api, name, by, moment) for name, by in expiring.items()
    }
    return Sweep(counts, deleted, dry_run=False)


async def _expired(api: DynamoApi, table: str, attribute: str, now: int) -> int:
    request: dict[str, Any] = {
        "TableName": table,
        "Select": "COUNT",
        "FilterExpression": "attribute_type(#ttl, :number) AND #ttl <= :now",
        "ExpressionAttributeNames": {"#ttl": attribute},
        "ExpressionAttributeValues": {":now": {"N": str(now)}, ":number": {"S": "N"}},
    }
    count = 0
    while True:
        answer = await api.call("Scan", request)
        count += int(answer["Count"])
        if "LastEvaluatedKey" not in answer:
            return count
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
