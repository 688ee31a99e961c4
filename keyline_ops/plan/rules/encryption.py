"""The key that a table is encrypted with.

Backups and the points of recovery keep the key of their time. Source: developer guide, "DynamoDB
encryption at rest: usage notes".
"""

from __future__ import annotations

from collections.abc import Iterator

from keyline_ops.plan.constants import as_text, constant_name, shown
from keyline_ops.plan.findings import Finding, harmless, refused
from keyline_ops.plan.rules.change import Change
from keyline_ops.plan.side import Place as ResourcePlace
from keyline_ops.plan.side import Side

_KEY, _ALIAS = "AWS::KMS::Key", "AWS::KMS::Alias"
_PATH = "SSESpecification"


def encryption(change: Change) -> Iterator[Finding]:
    """Yield where the encryption of a table changes."""
    before, after = change.before, change.after
    for region in sorted(before.places.keys() & after.places.keys()):
        old, new = before.places[region].key, after.places[region].key
        path = f"Replicas.{region}.{_PATH}" if region else _PATH
        if old and not new:
            yield refused(
                f"{path}.KMSMasterKeyId",
                f"no longer names {old}: your own key does not protect the table any more.",
                "Keep the key.",
            )
        elif old != new:
            yield harmless(
                f"{path}.KMSMasterKeyId",
                f"becomes {new}. Who reads and writes needs kms:Decrypt on that key.",
            )
        yield from _lost_key(change, old, path)
    if before.encrypted and not after.encrypted:
        yield refused(
            _PATH,
            "no longer encrypts with a key of this account, whose use can be seen and ended.",
            "Keep SSEEnabled true.",
        )
    elif after.encrypted and not before.encrypted:
        yield harmless(_PATH, "encrypts with a key of this account.")


def _lost_key(change: Change, key: str, path: str) -> Iterator[Finding]:
    place = key_resource(change.side_before, key)
    if place is None:
        return
    if change.side_after.type_of(place) != _KEY:
        kept = change.side_before.resource(place).deletion_policy.startswith("Retain")
        if not kept:
            yield refused(
                f"{path}.KMSMasterKeyId",
                f"was {place[1]}, which is deleted: no backup or point of recovery of before can"
                " be restored.",
                "Keep the key, with DeletionPolicy: Retain.",
            )
        return
    was, becomes = change.side_before.resource(place), change.side_after.resource(place)
    if was.deletion_policy.startswith("Retain") and not becomes.deletion_policy.startswith(
        "Retain"
    ):
        yield refused(
            f"{path}.KMSMasterKeyId",
            f"is {place[1]}, whose DeletionPolicy changes from {was.deletion_policy} to"
            f" {becomes.deletion_policy}: without the key nobody can read the table.",
            f"Keep DeletionPolicy: {was.deletion_policy} on the key.",
        )
    if _is_disabled(change.side_after, place) and not _is_disabled(change.side_before, place):
        yield refused(
            f"{path}.KMSMasterKeyId",
            f"is {place[1]}, which is disabled: DynamoDB cannot read the table.",
            "Keep the key enabled.",
        )


def _is_disabled(side: Side, place: ResourcePlace) -> bool:
    enabled = side.resource(place).properties.get("Enabled", True)
    return str(enabled).lower() == "false"


def key_resource(side: Side, key: str) -> ResourcePlace | None:
    """Return the KMS key of the stacks that a table names, itself or by an alias of theirs."""
    for place in side.of(_KEY) if key else ():
        own = constant_name(*place)
        if shown(key) in (f"${{{own}}}", f"${{{own}.Arn}}", f"${{{own}.KeyId}}"):
            return place
    for place in side.of(_ALIAS) if key else ():
        alias = side.resource(place).properties
        name = as_text(alias.get("AliasName"))
        if shown(key) == f"${{{constant_name(*place)}}}" or f":{key}".endswith(f":{name}"):
            return key_resource(side, as_text(alias.get("TargetKeyId")))
    return None
