"""Rights of roles and functions by the policies of their stack."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from keyline_ops.plan.constants import Value, constant_name, listed
from keyline_ops.plan.evaluate import Node
from keyline_ops.plan.naming import covers, mentions, texts_of
from keyline_ops.plan.side import Place, Side
from keyline_ops.plan.table_state import TableState
from keyline_ops.plan.users import POLICIES, ROLE

READS = frozenset({"GetItem", "BatchGetItem", "Query", "Scan", "PartiQLSelect"})
WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"}) | {
    f"PartiQL{name}" for name in ("Insert", "Update", "Delete")
}
_OF_SAM = {
    "DynamoDBCrudPolicy": READS | WRITES,
    "DynamoDBReadPolicy": READS,
    "DynamoDBWritePolicy": WRITES,
}
"""SAM's policy templates (SAM specification, "Policy template list")."""
_WIDE = re.compile(r"DynamoDB|Administrator|PowerUser")
"""Policies of AWS that let their holder use tables."""


def statements_of(side: Side, role: Place, effect: str = "Allow") -> Iterator[Node]:
    """Yield what a role is allowed, or denied, by policies of its stack."""
    stack, logical_id = role
    evaluator = side.evaluators[stack]
    own = side.possible(role)
    yield from _statements(own.get("Policies") if isinstance(own, dict) else None, effect)
    for place in side.of(*POLICIES):
        if place[0] == stack and (
            logical_id in evaluator.links(place[1]) or place[1] in evaluator.links(logical_id)
        ):
            yield from _statements(side.possible(place), effect)


def actions_of(
    side: Side, function: Place, table: TableState, index: str = ""
) -> dict[str, bool] | None:
    """Return the actions on items of a table, or of one of its indexes, that a function may do.

    Each action has whether a policy names it rather than a pattern of it. The result is None where
    what the function is allowed is not in these stacks. What a statement denies is taken away, but
    for requests without TLS.
    """
    properties = side.possible(function)
    if not isinstance(properties, dict):
        return None
    roles = _roles(side, function)
    if "Role" in properties and not roles:
        return None
    statements = [each for role in roles for each in statements_of(side, role)]
    denied = [each for role in roles for each in statements_of(side, role, "Deny")]
    managed = [properties.get("Policies"), *(_managed(side, role) for role in roles)]
    if any(_is_elsewhere(side, function[0], text) for each in managed for text in _names(each)):
        return None
    statements += _statements(properties.get("Policies"), "Allow")
    denied += _statements(properties.get("Policies"), "Deny")
    found = dict.fromkeys(_of_sam(properties.get("Policies"), table), False)
    for name, is_named in _actions(statements, table, index):
        found[name] = found.get(name, False) or is_named
    for name, _ in _actions([each for each in denied if not _asks_for_tls(each)], table, index):
        found.pop(name, None)
    return {name: found[name] for name in found if not index or name in READS}


def _actions(
    statements: Iterable[Node], table: TableState, index: str
) -> Iterator[tuple[str, bool]]:
    for statement in statements:
        if any(_is_of(each.text, table, index) for each in texts_of(statement.get("Resource"))):
            for action in texts_of(statement.get("Action")):
                for name in _covered(action.text):
                    yield name, "*" not in action.text


def _asks_for_tls(statement: Node) -> bool:
    """Return whether a statement denies only requests without TLS, which no SDK makes."""
    condition = statement.get("Condition")
    return isinstance(condition, dict) and "aws:SecureTransport" in {
        key for test in condition.values() if isinstance(test, dict) for key in test
    }


def _statements(value: Value, effect: str) -> Iterator[Node]:
    """Yield the statements in a value that have an effect."""
    if isinstance(value, list):
        for each in value:
            yield from _statements(each, effect)
    elif isinstance(value, dict) and "Effect" in value:
        if value["Effect"] == effect:
            yield value
    elif isinstance(value, dict):
        yield from _statements([*value.values()], effect)


def _roles(side: Side, function: Place) -> list[Place]:
    stack, logical_id = function
    places = [(stack, name) for name in sorted(side.evaluators[stack].links(logical_id))]
    return [place for place in places if side.declared[place] == ROLE and side.makes(place)]


def _managed(side: Side, role: Place) -> Value:
    properties = side.possible(role)
    return properties.get("ManagedPolicyArns") if isinstance(properties, dict) else None


def _names(policies: Value) -> Iterator[str]:
    """Yield the policies that are named and not written out."""
    for each in listed(policies):
        if isinstance(each, (str, list)):
            yield from (text.text for text in texts_of(each))


def _is_elsewhere(side: Side, stack: str, policy: str) -> bool:
    """Return whether a policy is not in these stacks, and may be about tables."""
    own = (f"${{{constant_name(*place)}}}" for place in side.declared if place[0] == stack)
    if policy in own:
        return False
    is_of_aws = ":iam::aws:policy/" in policy or ":" not in policy
    return not is_of_aws or _WIDE.search(policy) is not None


def _of_sam(policies: Value, table: TableState) -> Iterator[str]:
    for each in listed(policies):
        for name, arguments in each.items() if isinstance(each, dict) else ():
            if any(mentions(text.text, table.name) for text in texts_of(arguments)):
                yield from _OF_SAM.get(name, ())


def _is_of(resource: str, table: TableState, index: str) -> bool:
    owner, is_index, named = resource.partition("/index/")
    if "/stream/" in resource or (is_index and not index):
        return False
    if is_index:
        is_of_table = mentions(owner, table.name) or covers(owner, table.name)
        return is_of_table and fnmatchcase(index, named)
    if index:
        return covers(resource, f"{table.name}/index/{index}")
    return mentions(resource, table.name) or covers(resource, table.name)


def _covered(action: str) -> list[str]:
    """Return the actions on items that an action is, or that its pattern covers."""
    pattern = re.escape(action).replace(r"\*", ".*").replace(r"\?", ".")
    is_it = re.compile(pattern, re.I).fullmatch
    return [name for name in READS | WRITES if is_it(f"dynamodb:{name}")]
