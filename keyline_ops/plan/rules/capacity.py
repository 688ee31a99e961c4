"""Billing and throughput: what DynamoDB rejects, and what changes in place.

Source: CloudFormation's reference, `BillingMode` and `WarmThroughput`; API reference, UpdateTable.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from keyline_ops.plan.constants import Value
from keyline_ops.plan.findings import Finding, rejected
from keyline_ops.plan.rules.change import Change
from keyline_ops.plan.table_state import TableState

_ON_DEMAND = "PAY_PER_REQUEST"
_PROVISIONED_OF = {True: "WriteProvisionedThroughputSettings", False: "ProvisionedThroughput"}
_ON_DEMAND_OF = {True: "WriteOnDemandThroughputSettings", False: "OnDemandThroughput"}


def capacity(change: Change) -> Iterator[Finding]:
    """Yield what DynamoDB rejects of the capacity of a table."""
    before, after = change.before, change.after
    if before.properties != after.properties:
        known = {found.path for found in _faults(before)}
        yield from (found for found in _faults(after) if found.path not in known)
    yield from _warm("WarmThroughput", before.properties, after.properties)
    for name in sorted(before.indexes.keys() & after.indexes.keys()):
        path = f"GlobalSecondaryIndexes.{name}.WarmThroughput"
        yield from _warm(path, before.indexes[name].rest, after.indexes[name].rest)


def _faults(table: TableState) -> Iterator[Finding]:
    provisioned = _PROVISIONED_OF[table.is_global]
    on_demand = _ON_DEMAND_OF[table.is_global]
    parts = {"": table.properties} | {
        f"GlobalSecondaryIndexes.{name}.": index.rest for name, index in table.indexes.items()
    }
    for where, given in parts.items():
        if table.billing == _ON_DEMAND and provisioned in given:
            yield rejected(
                f"{where}{provisioned}",
                "is given, and the table is billed by request.",
                "Leave it out.",
            )
        if table.billing != _ON_DEMAND and on_demand in given:
            yield rejected(
                f"{where}{on_demand}",
                "is given, and the table has provisioned capacity.",
                "Leave it out.",
            )
        if table.billing != _ON_DEMAND and provisioned not in given:
            yield rejected(
                f"{where}{provisioned}",
                "is missing, and the table has provisioned capacity.",
                "Say how many units it gets, or write BillingMode: PAY_PER_REQUEST.",
            )
        units = given.get(provisioned) if table.billing != _ON_DEMAND else None
        for name, number in sorted(units.items()) if isinstance(units, dict) else ():
            if isinstance(number, int) and number < 1:
                yield rejected(
                    f"{where}{provisioned}.{name}", "is less than 1.", "Write 1 or more."
                )


def _warm(path: str, old: Mapping[str, Value], new: Mapping[str, Value]) -> Iterator[Finding]:
    was, becomes = old.get("WarmThroughput"), new.get("WarmThroughput")
    if not (isinstance(was, dict) and isinstance(becomes, dict)):
        return
    for name, units in sorted(becomes.items()):
        before = was.get(name)
        if isinstance(units, int) and isinstance(before, int) and units < before:
            yield rejected(
                f"{path}.{name}",
                f"goes from {before:,} to {units:,}. DynamoDB does not lower it.",
                "Keep it, or leave it out.",
            )
