"""Readers and writers of a table whose key changes, who may not use the new key.

DynamoDB uses a key of yours in the name of who calls it. A key whose policy names its account
alone leaves it to the roles: a role that may read the table and not use the key is refused.
Source: developer guide, "DynamoDB encryption at rest: usage notes"; KMS developer guide, "Default
key policy".
"""

from __future__ import annotations

from collections.abc import Iterator

from keyline_ops.plan.constants import Value, as_text, listed
from keyline_ops.plan.findings import Finding, refused
from keyline_ops.plan.grants import statements_of
from keyline_ops.plan.rules.change import Change
from keyline_ops.plan.rules.encryption import key_resource
from keyline_ops.plan.side import Place, Side
from keyline_ops.plan.users import ROLE

_USE_A_KEY = ("kms:decrypt", "kms:*", "*")


def key_users(change: Change) -> Iterator[Finding]:
    """Yield the roles that a new key of these stacks shuts out."""
    keys = {place.key for place in change.after.places.values()}
    for key in sorted(keys - {place.key for place in change.before.places.values()}):
        place = key_resource(change.side_after, key)
        if place is None or not _leaves_it_to_roles(change.side_after, place):
            continue
        for role in sorted(_readers(change)):
            if not any(_uses_keys(each) for each in statements_of(change.side_after, role)):
                yield refused(
                    "SSESpecification.KMSMasterKeyId",
                    f"becomes {place[1]}, and {role[1]} may read the table and not use that key.",
                    "Allow the role kms:Decrypt on the key.",
                )


def _leaves_it_to_roles(side: Side, key: Place) -> bool:
    """Return whether the policy of a key names its account and nobody else."""
    policy = side.resource(key).properties.get("KeyPolicy")
    statements = list(listed(policy.get("Statement"))) if isinstance(policy, dict) else []
    return all(
        isinstance(each, dict)
        and isinstance(each.get("Principal"), dict)
        and all(text.endswith(":root") for text in _texts(each.get("Principal")))
        for each in statements
    )


def _readers(change: Change) -> set[Place]:
    """Return the roles that may use the table or its indexes."""
    side, name = change.side_after, change.after.name
    return {
        place
        for place in side.of(ROLE)
        if any(
            any(text.startswith("dynamodb:") for text in _texts(each.get("Action")))
            and any(_is_of(text, name) for text in _texts(each.get("Resource")))
            for each in statements_of(side, place)
        )
    }


def _is_of(resource: str, table: str) -> bool:
    return resource.endswith(f":table/{table}") or f":table/{table}/index/" in resource


def _uses_keys(statement: dict[str, Value]) -> bool:
    return any(text.lower() in _USE_A_KEY for text in _texts(statement.get("Action")))


def _texts(value: Value) -> Iterator[str]:
    for each in value.values() if isinstance(value, dict) else listed(value):
        yield from _texts(each) if isinstance(each, (dict, list)) else [as_text(each)]
