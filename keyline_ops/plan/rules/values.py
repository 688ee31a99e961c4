"""Values that the published schema of a table does not allow."""

from __future__ import annotations

from collections.abc import Iterator

from keyline_ops.plan.findings import Finding, rejected
from keyline_ops.plan.rules.change import Change
from keyline_ops.plan.schemas import forbidden
from keyline_ops.plan.table_state import TABLE, TableState


def values(change: Change) -> Iterator[Finding]:
    """Yield the values that the new table has and that CloudFormation rejects."""
    known = set(_forbidden(change.before))
    for path, message in _forbidden(change.after):
        if (path, message) not in known:
            yield rejected(path, message, "Write a value that the property takes.")


def _forbidden(table: TableState) -> Iterator[tuple[str, str]]:
    yield from forbidden(table.type, table.properties)
    if table.is_global:  # the schema of a replica does not say which classes there are
        for region, place in table.places.items():
            given = {key: each for key, each in place.rest.items() if key == "TableClass"}
            for path, message in forbidden(TABLE, given):
                yield f"Replicas.{region}.{path}", message
