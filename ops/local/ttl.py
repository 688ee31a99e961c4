"""Deletion by TTL on demand: AWS takes days, a person at a terminal wants it now."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from ops.local.dynamodb_api import DynamoApi
from ops.local.errors import LocalPlatformError
from ops.local.resources import Table


@dataclass(frozen=True)
class Sweep:
    """What a sweep deleted, or would delete.

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
    mcp_url: str,
    dry_run: bool = False,
    now: float | None = None,
) -> Sweep:
    """Delete the expired items of all tables as TTL does, leaving its mark in the streams.

    The engine does it itself, through the tool `sweep_ttl` of its MCP server: only then does
    a stream's REMOVE record carry TTL's identity. Unlike AWS it also deletes items that
    expired more than five years ago.

    Parameters
    ----------
    tables
        The tables to count in; the engine sweeps every table with TTL enabled.
    mcp_url
        `http://127.0.0.1:19280/mcp`.
    dry_run
        Count only.
    now
        Epoch seconds against which items are counted; the engine uses its own clock.

    Raises
    ------
    LocalPlatformError
        The MCP server does not answer, or not with a count.
    """
    moment = int(time.time() if now is None else now)
    expiring = {table.name: table.ttl_attribute for table in tables if table.ttl_attribute}
    before = {name: await _expired(api, name, by, moment) for name, by in expiring.items()}
    if dry_run:
        return Sweep(before, 0, dry_run=True)
    deleted = await _sweep(mcp_url)
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


_ids = itertools.count(1)


async def _sweep(mcp_url: str) -> int:
    """Call the tool `sweep_ttl`; the engine's MCP server keeps no sessions, so one call does."""
    call = {
        "jsonrpc": "2.0",
        "id": next(_ids),
        "method": "tools/call",
        "params": {"name": "sweep_ttl", "arguments": {}},
    }
    headers = {"Accept": "application/json, text/event-stream"}
    try:
        async with httpx.AsyncClient(timeout=60.0) as http:
            response = await http.post(mcp_url, json=call, headers=headers)
            response.raise_for_status()
        result = response.json()["result"]
        if result.get("isError"):
            raise ValueError(result)
        return int(json.loads(result["content"][0]["text"])["items_deleted"])
    except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
        raise LocalPlatformError(
            mcp_url,
            f"the engine's sweep_ttl tool failed: {error!r}",
            "start the engine with --mcp --mcp-no-auth --mcp-port N and pass that port",
        ) from error
