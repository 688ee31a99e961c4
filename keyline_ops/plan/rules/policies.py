"""Resource policies of a table and of its stream: who is let in, and what is denied to all."""

from __future__ import annotations

import json
from collections.abc import Iterator

from keyline_ops.plan.constants import Value, as_text, listed
from keyline_ops.plan.findings import Finding, harmless, refused
from keyline_ops.plan.rules.change import Change

Statement = dict[str, Value]

_MANAGING = ("delete", "update", "create", "put", "restore", "purge", "tag", "untag", "disable")
"""The beginnings of actions on a table that neither read nor write items. PutItem does."""


def policies(change: Change) -> Iterator[Finding]:
    """Yield where resource policies let in fewer, or protect less."""
    for region in sorted(change.before.places.keys() & change.after.places.keys()):
        old, new = change.before.places[region], change.after.places[region]
        where = f"Replicas.{region}." if region else ""
        yield from _compared(f"{where}ResourcePolicy", old.policy, new.policy)
        path = f"{where}StreamSpecification.ResourcePolicy"
        if change.after.stream:
            yield from _compared(path, old.stream_policy, new.stream_policy)


def _compared(path: str, old: Value, new: Value) -> Iterator[Finding]:
    before, after = _statements(old), _statements(new)
    for statement in before:
        if any(_covers(other, statement) for other in after):
            continue
        if statement.get("Effect") == ["Deny"]:
            yield refused(
                path,
                "no longer denies what it denied: a protection is gone.",
                "Keep the statement.",
            )
        else:
            yield refused(
                path,
                "no longer allows what it allowed: who relies on it is shut out.",
                "Keep the statement until nobody relies on it, and release the change.",
            )
    for statement in after:
        if statement in before:
            continue
        if statement.get("Effect") == ["Deny"] and _denies_items(statement):
            yield refused(
                path,
                "denies reading or writing items: a reader or a writer may be shut out.",
                "Deny only what manages the table, or release the change.",
            )
        else:
            yield harmless(path, "gets a statement.")


def _covers(new: Statement, old: Statement) -> bool:
    """Return whether a statement says all that another said, and may say more."""
    return new.keys() == old.keys() and all(
        new[key] == old[key] if key not in _WIDER else _flat(new[key]) >= _flat(old[key])
        for key in old
    )


_WIDER = ("Action", "Resource", "Principal")
"""The parts of a statement that may name more."""


def _flat(value: Value) -> set[str]:
    if isinstance(value, dict):
        return {f"{key}:{each}" for key, item in value.items() for each in _flat(item)}
    return {as_text(each) for each in listed(value)}


def _denies_items(statement: Statement) -> bool:
    actions = [each.lower().removeprefix("dynamodb:") for each in _flat(statement.get("Action"))]
    items = ("putitem", "updateitem", "deleteitem")
    return not actions or not all(
        action.startswith(_MANAGING) and not action.startswith(items) and "*" not in action
        for action in actions
    )


def _statements(policy: Value) -> list[Statement]:
    """Return the statements of a policy, each in one form."""
    if isinstance(policy, str):
        try:
            policy = json.loads(policy)
        except ValueError:
            return [{"Effect": ["Allow"], "Policy": [policy]}]
    if not isinstance(policy, dict):
        return []
    return [
        {key: _set(value) for key, value in each.items() if key != "Sid"}
        for each in listed(policy.get("Statement"))
        if isinstance(each, dict)
    ]


def _set(value: Value) -> Value:
    """Return a part of a statement with its lists sorted, and one value as a list."""
    if isinstance(value, dict):
        return {key: _set(item) for key, item in value.items()}
    return [*sorted({as_text(item) for item in listed(value)})]
