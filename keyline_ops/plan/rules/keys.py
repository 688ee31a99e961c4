"""DynamoDB's rules for keys, attribute definitions and projections.

Source: API reference, CreateTable and UpdateTable; developer guide, "Quotas".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from keyline.model import MAX_INDEX_KEY_PARTS, MAX_INDEXES, MAX_PROJECTED_BY_ALL
from keyline_ops.plan.findings import Finding, rejected
from keyline_ops.plan.rules.change import Change
from keyline_ops.plan.table_state import Index, TableState

_DEFINE = "Define exactly the attributes of the keys of the table and of its indexes."


def keys(change: Change) -> Iterator[Finding]:
    """Yield what DynamoDB rejects of the new table and did not have to reject before."""
    if change.before.properties == change.after.properties:
        return
    known = {(found.path, found.message) for found in _faults(change.before)}
    for found in _faults(change.after):
        if (found.path, found.message) not in known:
            yield found


def _faults(table: TableState) -> Iterator[Finding]:
    all_indexes = {**table.indexes, **table.local_indexes}
    parts = [("KeySchema", table.key), *((_path(i), i.key) for i in all_indexes.values())]
    used = {name for _, key in parts for name, _ in key} | _searched(table)
    for name in sorted(used - table.attributes.keys()):
        yield rejected(f"AttributeDefinitions.{name}", "is missing: a key has it.", _DEFINE)
    for name in sorted(table.attributes.keys() - used):
        yield rejected(f"AttributeDefinitions.{name}", "is used by no key.", _DEFINE)
    for path, key in parts:
        types = [kind for _, kind in key]
        most = MAX_INDEX_KEY_PARTS if path != "KeySchema" else 1
        if types != sorted(types) or not 1 <= types.count("HASH") <= most:
            yield rejected(path, "has a key that does not begin with HASH.", "Name HASH first.")
        if types.count("RANGE") > most:
            yield rejected(path, f"has more than {most} sort attributes.", "Leave some out.")
    if len(table.indexes) > MAX_INDEXES:
        yield rejected(
            "GlobalSecondaryIndexes",
            f"are {len(table.indexes)}; a table has {MAX_INDEXES} at most.",
            "Remove an index that no reader uses first, or ask AWS for a higher quota.",
        )
    for name in sorted(table.indexes.keys() & table.local_indexes.keys()):
        yield rejected(
            f"GlobalSecondaryIndexes.{name}", "is the name of two indexes.", "Rename one."
        )
    yield from _projections(all_indexes)


def _searched(table: TableState) -> set[str]:
    """Return the attributes of vector indexes: they may be defined, and need not be."""
    found = set()
    for index in table.vector_indexes.values():
        schema = index.get("SearchSchema")
        for element in schema if isinstance(schema, list) else []:
            if isinstance(element, dict) and element.get("AttributeName") in table.attributes:
                found.add(str(element["AttributeName"]))
    return found


def _projections(indexes: Mapping[str, Index]) -> Iterator[Finding]:
    included = 0
    for index in indexes.values():
        kind, *names = index.projection
        included += len(names)
        if (kind == "INCLUDE") != bool(names):
            yield rejected(
                f"{_path(index)}.Projection",
                "names attributes with another type than INCLUDE, or INCLUDE without any.",
                "Write INCLUDE with NonKeyAttributes, or ALL or KEYS_ONLY without.",
            )
    if included > MAX_PROJECTED_BY_ALL:
        yield rejected(
            "GlobalSecondaryIndexes",
            f"include {included} attributes together; DynamoDB takes {MAX_PROJECTED_BY_ALL}.",
            "Project ALL where an index includes most attributes.",
        )


def _path(index: Index) -> str:
    return f"GlobalSecondaryIndexes.{index.name}"
