"""Changes that replace a table: CloudFormation makes an empty one and leaves or deletes the old."""

from __future__ import annotations

from collections.abc import Iterator

from keyline_ops.plan.findings import Finding, refused, rejected
from keyline_ops.plan.rules.change import Change
from keyline_ops.plan.schemas import create_only, properties_of

_KEEP = "Keep it as it was. Move the items to a new table with another name instead."


def replacement(change: Change) -> Iterator[Finding]:
    """Yield the changes that replace the table, and what its type does not have.

    Source: the create-only properties of CloudFormation's resource schemas; for the types of
    attributes CloudFormation's reference, `AttributeDefinitions`.
    """
    before, after = change.before, change.after
    if before.type != after.type:
        yield other_type(before.type, after.type)
        return
    for name in sorted(create_only(after.type)):
        if before.properties.get(name) != after.properties.get(name):
            yield refused(name, "changes, which replaces the table with an empty one.", _KEEP)
    for name in sorted(before.attributes.keys() & after.attributes.keys()):
        if before.attributes[name] != after.attributes[name]:
            yield refused(
                f"AttributeDefinitions.{name}",
                f"changes its type from {before.attributes[name]} to {after.attributes[name]},"
                " which replaces the table with an empty one.",
                "Write the values of the new type into an attribute with another name.",
            )
    if before.local_indexes != after.local_indexes and "LocalSecondaryIndexes" not in create_only(
        after.type
    ):
        yield refused(
            "LocalSecondaryIndexes",
            "change, and a local index lives as long as its table.",
            "Add a global index instead.",
        )
    for name in sorted(after.properties.keys() - properties_of(after.type)):
        if name not in before.properties:
            yield rejected(name, f"is not a property of {after.type}.", "Leave it out.")


def other_type(before: str, after: str) -> Finding:
    """Return that a table becomes a resource of another type."""
    return rejected(
        "Type",
        f"changes from {before} to {after}. CloudFormation does not change a type.",
        "Keep the type. To change it, retain the table and import it under the new type.",
    )
