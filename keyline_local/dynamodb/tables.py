"""Brings the engine's tables in line with the template, without destroying data.

What DynamoDB refuses is refused here too: another key schema, another key or projection
of an index under the same name. Indexes change one at a time, each awaited.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keyline import variables
from keyline_local.host.errors import LocalPlatformError
from keyline_local.resources import Table

SHORTEST_STREAMED_NAME = 11
"""Characters of a streamed table's name: the embedded engine puts it in the shard's id."""
_WAIT = 600.0  # seconds that one change may take
_POLL = 0.05  # seconds


@dataclass(frozen=True)
class Change:
    """One thing that was done to a table, or left alone on purpose."""

    table: str
    action: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.table}: {self.action}{f' {self.detail}' if self.detail else ''}"


def update_tables(dynamodb: Any, tables: Sequence[Table], *, embedded: bool) -> list[Change]:
    """Create missing tables and bring existing ones up to date.

    Interrupted anywhere, the next call goes on from there.

    Parameters
    ----------
    dynamodb
        A boto3 DynamoDB client.
    embedded
        Whether the engine is the embedded one, whose gaps are refused.

    Returns
    -------
    list of Change
        What was done, in order; empty if everything was up to date. Tables that no
        template declares (any longer) are reported and left alone.

    Raises
    ------
    LocalPlatformError
        A change would need another table, or the embedded engine would get it wrong.
    """
    existing = {table.name: _describe(dynamodb, table.name) for table in tables}
    for table in tables:  # refuse before anything is changed
        if embedded:
            _check_embedded(table)
        if found := existing[table.name]:
            _check_updatable(table, found)
    changes: list[Change] = []
    for table in tables:
        found = existing[table.name]
        if found is None:
            dynamodb.create_table(**table.create)
            _await_active(dynamodb, table.name)
            changes.append(Change(table.name, "created", _shape(table.create)))
        else:
            changes += _update(dynamodb, table, found)
        changes += _update_ttl(dynamodb, table)
    names = {table.name for table in tables}
    changes += [
        Change(name, "kept", "although no template declares it")
        for name in _all_names(dynamodb)
        if name not in names
    ]
    return changes


def _describe(dynamodb: Any, name: str) -> dict[str, Any] | None:
    try:
        description: dict[str, Any] = dynamodb.describe_table(TableName=name)["Table"]
    except dynamodb.exceptions.ResourceNotFoundException:
        return None
    return description


def _all_names(dynamodb: Any) -> list[str]:
    pages = dynamodb.get_paginator("list_tables").paginate()
    return sorted(name for page in pages for name in page["TableNames"])


def _shape(create: Mapping[str, Any]) -> str:
    indexes = len(create.get("GlobalSecondaryIndexes", []))
    return f"with {indexes} index{'' if indexes == 1 else 'es'}"


def _check_embedded(table: Table) -> None:
    if "StreamSpecification" in table.create and len(table.name) < SHORTEST_STREAMED_NAME:
        raise LocalPlatformError(
            table.name,
            f"the name of a table with a stream needs {SHORTEST_STREAMED_NAME} characters on the "
            "embedded engine, or its shard ids are too short for the SDK",
            "give the table a longer name, such as one with the environment's name as suffix",
        )
    for index in table.create.get("GlobalSecondaryIndexes", []):
        kinds = [key["KeyType"] for key in index["KeySchema"]]
        if kinds.count("HASH") > 1 or kinds.count("RANGE") > 1:
            raise LocalPlatformError(
                f"{table.name}/{index['IndexName']}",
                "the embedded engine accepts an index key of several attributes and then answers "
                "queries wrongly",
                "join the attributes into one key attribute where the environment is local, or use "
                f"another engine by {variables.DYNAMODB_ENDPOINT}",
            )


def _check_updatable(table: Table, found: Mapping[str, Any]) -> None:
    wanted = table.create
    remedy = (
        "DynamoDB would need a new table: give it another name and migrate, or stop the platform "
        "and remove its state folder if the data may go"
    )
    if _keys(wanted) != _keys(found):
        raise LocalPlatformError(
            table.name,
            f"the key schema changed from {_keys(found)} to {_keys(wanted)}; the table is kept",
            remedy,
        )
    if _indexes(wanted, "Local") != _indexes(found, "Local"):
        raise LocalPlatformError(table.name, "its local secondary indexes changed", remedy)
    old = _indexes(found, "Global")
    for name, index in _indexes(wanted, "Global").items():
        if name in old and old[name] != index:
            raise LocalPlatformError(
                f"{table.name}/{name}",
                f"an index's keys and projection cannot change: {old[name]} to {index}",
                "declare an index of a new name beside it, move the readers, then remove this one",
            )


def _keys(holder: Mapping[str, Any]) -> list[str]:
    """Return the table's keys as `HASH name:type`."""
    return _key_schema(holder["KeySchema"], _types(holder))


def _types(holder: Mapping[str, Any]) -> dict[str, str]:
    return {a["AttributeName"]: a["AttributeType"] for a in holder["AttributeDefinitions"]}


def _key_schema(schema: Sequence[Mapping[str, str]], types: Mapping[str, str]) -> list[str]:
    return [f"{k['KeyType']} {k['AttributeName']}:{types[k['AttributeName']]}" for k in schema]


def _indexes(holder: Mapping[str, Any], kind: str) -> dict[str, tuple[str, ...]]:
    """Return what cannot change of each index: keys, projection, projected attributes."""
    types = _types(holder)
    return {
        index["IndexName"]: (
            *_key_schema(index["KeySchema"], types),
            index["Projection"]["ProjectionType"],
            *sorted(index["Projection"].get("NonKeyAttributes", [])),
        )
        for index in holder.get(f"{kind}SecondaryIndexes") or []
    }


def _update(dynamodb: Any, table: Table, found: Mapping[str, Any]) -> list[Change]:
    return [
        *_update_settings(dynamodb, table, found),
        *_update_stream(dynamodb, table, found),
        *_update_indexes(dynamodb, table, found),
    ]


def _update_settings(dynamodb: Any, table: Table, found: Mapping[str, Any]) -> list[Change]:
    wanted = table.create
    changes = []
    protected = found.get("DeletionProtectionEnabled", False)
    if wanted["DeletionProtectionEnabled"] != protected:
        _change(dynamodb, table, DeletionProtectionEnabled=not protected)
        changes.append(
            Change(table.name, "deletion protection", "off" if protected else "on"),
        )
    mode = found.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    if wanted["BillingMode"] != mode:
        throughput = {k: v for k, v in wanted.items() if k == "ProvisionedThroughput"}
        _change(dynamodb, table, BillingMode=wanted["BillingMode"], **throughput)
        changes.append(Change(table.name, "billing mode", wanted["BillingMode"]))
    return changes


def _update_stream(dynamodb: Any, table: Table, found: Mapping[str, Any]) -> list[Change]:
    old = found.get("StreamSpecification", {}).get("StreamViewType")
    new = table.create.get("StreamSpecification", {}).get("StreamViewType")
    if old == new:
        return []
    if old:  # a stream's view cannot change: it ends, and a new one begins
        _change(dynamodb, table, StreamSpecification={"StreamEnabled": False})
    if new:
        _change(
            dynamodb,
            table,
            StreamSpecification={"StreamEnabled": True, "StreamViewType": new},
        )
    return [Change(table.name, "stream", f"{old or 'none'} -> {new or 'none'}")]


def _update_indexes(dynamodb: Any, table: Table, found: Mapping[str, Any]) -> list[Change]:
    old, new = _indexes(found, "Global"), _indexes(table.create, "Global")
    changes = []
    for name in sorted(old.keys() - new.keys()):
        _change(dynamodb, table, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": name}}])
        changes.append(Change(table.name, "index removed", name))
    for index in table.create.get("GlobalSecondaryIndexes", []):
        if index["IndexName"] in old:
            continue
        _change(
            dynamodb,
            table,
            AttributeDefinitions=_definitions(table, index),
            GlobalSecondaryIndexUpdates=[{"Create": dict(index)}],
        )
        changes.append(_added(dynamodb, table, index))
    return changes


def _added(dynamodb: Any, table: Table, index: Mapping[str, Any]) -> Change:
    """Say how an index was filled: an item of before may lack its key, and is not in it then."""
    name, keys = index["IndexName"], [key["AttributeName"] for key in index["KeySchema"]]
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table.name,
        Select="COUNT",
        FilterExpression=" AND ".join(f"attribute_exists(#{i})" for i in range(len(keys))),
        ExpressionAttributeNames={f"#{i}": key for i, key in enumerate(keys)},
    )
    counts = [(page["ScannedCount"], page["Count"]) for page in pages]
    items = sum(all_of_page for all_of_page, _ in counts)
    lacking = items - sum(filled for _, filled in counts)
    if not lacking:
        return Change(table.name, "index added and filled", name)
    return Change(
        table.name,
        "index added",
        f"{name}; {lacking:,} of {items:,} items lack its key ({', '.join(keys)}) and are not in"
        f" it. If a template makes the key, `keyline migrate {table.system or 'SYSTEM'}"
        f" {table.name}/{name} --step backfill` gives it to them: docs/migrations.md.",
    )


def _definitions(table: Table, index: Mapping[str, Any]) -> list[Mapping[str, str]]:
    names = {k["AttributeName"] for k in [*table.create["KeySchema"], *index["KeySchema"]]}
    return [a for a in table.create["AttributeDefinitions"] if a["AttributeName"] in names]


def _update_ttl(dynamodb: Any, table: Table) -> list[Change]:
    status = dynamodb.describe_time_to_live(TableName=table.name)["TimeToLiveDescription"]
    enabled = status["TimeToLiveStatus"] in ("ENABLED", "ENABLING")
    old = status.get("AttributeName") if enabled else None
    if old == table.ttl_attribute:
        return []
    if old:  # the attribute cannot change while TTL is on
        _set_ttl(dynamodb, table.name, old, enabled=False)
    if table.ttl_attribute:
        _set_ttl(dynamodb, table.name, table.ttl_attribute, enabled=True)
    return [Change(table.name, "TTL", f"{old or 'off'} -> {table.ttl_attribute or 'off'}")]


def _set_ttl(dynamodb: Any, name: str, attribute: str, *, enabled: bool) -> None:
    dynamodb.update_time_to_live(
        TableName=name,
        TimeToLiveSpecification={"AttributeName": attribute, "Enabled": enabled},
    )


def _change(dynamodb: Any, table: Table, **change: Any) -> None:
    dynamodb.update_table(TableName=table.name, **change)
    _await_active(dynamodb, table.name)


def _await_active(dynamodb: Any, name: str) -> None:
    """Return once the table and all its indexes are active and filled."""
    deadline = time.monotonic() + _WAIT
    while time.monotonic() < deadline:
        found = dynamodb.describe_table(TableName=name)["Table"]
        indexes = found.get("GlobalSecondaryIndexes", [])
        filled = all(i["IndexStatus"] == "ACTIVE" and not i.get("Backfilling") for i in indexes)
        if found["TableStatus"] == "ACTIVE" and filled:
            return
        time.sleep(_POLL)
    raise LocalPlatformError(
        name, f"the table was not active {_WAIT:g} s after a change", "start the platform again"
    )
