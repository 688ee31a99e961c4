"""Values that the published schema of a table does not allow."""

from __future__ import annotations

from collections.abc import Iterator

from keyline_ops.plan.findings import Finding, rejected
from keyline_ops.plan.rules.change import Change
from keyline_ops.plan.schemas import forbidden
from keyline_ops.plan.table_state import TABLE, TableState

_LIMITS = ("MaxReadRequestUnits", "MaxWriteRequestUnits")
"""What -1 takes away, which the schema does not say. Source: API reference, OnDemandThroughput."""


def values(change: Change) -> Iterator[Finding]:
    """Yield the values that the new table has and that CloudFormation rejects."""
    known = set(_forbidden(change.before))
    for path, message in _forbidden(change.after):
        if (path, message) not in known:
            yield rejected(path, message, "Write a value that the property takes.")


def _forbidden(table: TableState) -> Iterator[tuple[str, str]]:
    for path, message in forbidden(table.type, table.properties):
        if path.rpartition(".")[2] not in _LIMITS or not message.startswith("is -1,"):
            yield path, message
    if table.is_global:  # the schema of a replica does not say which classes there are
        for region, place in table.places.items():
            given = {key: each for key, each in place.rest.items() if key == "TableClass"}
            for path, message in forbidden(TABLE, given):
                yield f"Replicas.{region}.{path}", message
