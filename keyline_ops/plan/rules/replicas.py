"""Regions of a global table.

Source: CloudFormation's reference, `AWS::DynamoDB::GlobalTable`, `Replicas`: one update adds or
removes one replica; developer guide, "Global tables": consistency is chosen for an empty table.
"""

from __future__ import annotations

from collections.abc import Iterator

from keyline_ops.plan.constants import as_text
from keyline_ops.plan.findings import Finding, Moment, Step, harmless, refused, rejected, waves
from keyline_ops.plan.rules.change import Change
from keyline_ops.plan.side import Side

_CDK_REPLICA = "Custom::DynamoDBReplica"
"""How the CDK's `Table` makes a replica: its provider deletes the replica with the resource."""


def replicas(change: Change) -> Iterator[Finding]:
    """Yield the replicas that come and go, and what replicas cannot change."""
    before, after = change.before, change.after
    added = sorted(after.places.keys() - before.places.keys())
    for region in sorted(before.places.keys() - after.places.keys()):
        yield _removed(region)
    for region in added:
        path = f"Replicas.{region}"
        step = Step(Moment.BEFORE, f"add the replica in {region}")
        yield harmless(path, "is added and filled.", step)
    if len(added) > 1:
        yield waves(
            "Replicas", f"get {len(added)} regions. One update adds one.", "Add one at a time."
        )
    yield from _of_the_cdk(change)
    for name in ("MultiRegionConsistency", "GlobalTableWitnesses"):
        default = "EVENTUAL" if name == "MultiRegionConsistency" else None
        if before.properties.get(name, default) != after.properties.get(name, default):
            yield rejected(name, "changes, and the table holds items.", "Keep it.")
    keys = {bool(place.key) for place in after.places.values()}
    if len(keys) > 1 and after.places != before.places:
        yield rejected(
            "Replicas", "have a key of yours in some regions only.", "Name a key in each of them."
        )


def _of_the_cdk(change: Change) -> Iterator[Finding]:
    for region in sorted(_made_by_the_cdk(change, change.side_before)):
        if region not in _made_by_the_cdk(change, change.side_after):
            yield _removed(region)


def _made_by_the_cdk(change: Change, side: Side) -> set[str]:
    found = set()
    for place in side.of(_CDK_REPLICA):
        properties = side.resource(place).properties
        if as_text(properties.get("TableName")) == change.before.name:
            found.add(as_text(properties.get("Region")))
    return found


def _removed(region: str) -> Finding:
    return refused(
        f"Replicas.{region}",
        "is removed: the copy of the table in that region is deleted.",
        "Keep it until nobody reads or writes there, and release the change.",
    )
