"""Functions that run the same code and may no longer read or write the items of a table."""

from __future__ import annotations

from collections.abc import Iterator

from keyline_ops.plan.constants import Value
from keyline_ops.plan.findings import Finding, refused
from keyline_ops.plan.grants import READS, WRITES, actions_of
from keyline_ops.plan.rules.change import Change
from keyline_ops.plan.side import Place, Side, place_name
from keyline_ops.plan.table_state import TableState
from keyline_ops.plan.users import Kind, Users


def item_access(change: Change) -> Iterator[Finding]:
    """Yield the functions that lose an action that a policy named, or all that read or write."""
    functions = change.users_before.functions_that_reach(change.place)
    for function in sorted(functions & change.users_after.functions_that_reach(change.place)):
        if _code(change.users_before, function) != _code(change.users_after, function):
            continue  # new code may need less
        before = actions_of(change.side_before, function, change.before)
        after = actions_of(change.side_after, function, change.after)
        if before is None or after is None:
            continue
        lost = {name for name, is_named in before.items() if is_named and name not in after}
        for group in (READS, WRITES):
            if not group & after.keys():
                lost |= group & before.keys()
        yield from _on_indexes(change, function)
        if lost:
            yield refused(
                f"access.{function[1]}",
                f"ends: {place_name(function)} runs the same code, and is no longer allowed"
                f" {', '.join(sorted(lost))}.",
                "Keep the grant until the code no longer needs it, or release the change.",
            )


def _on_indexes(change: Change, function: Place) -> Iterator[Finding]:
    """Yield the indexes that stay and that a function may no longer query.

    Where it may still query others, only those count that it names, or that a policy names for it.
    """
    before = _queried(change.side_before, function, change.before)
    after = _queried(change.side_after, function, change.after)
    if before is None or after is None:
        return
    for index in sorted((before - after) & change.after.indexes.keys()):
        if not after or function in _named(change.users_before, change.place, index):
            yield refused(
                f"access.{function[1]}.{index}",
                f"ends: {place_name(function)} runs the same code, and is no longer allowed to"
                " query the index.",
                "Keep the grant until the code no longer needs it, or release the change.",
            )


def _queried(side: Side, function: Place, table: TableState) -> set[str] | None:
    """Return the indexes that a function may query; None where its policies are elsewhere."""
    found = set()
    for index in table.indexes:
        actions = actions_of(side, function, table, index)
        if actions is None:
            return None
        if "Query" in actions:
            found.add(index)
    return found


def _named(users: Users, place: Place, index: str) -> set[Place]:
    """Return the functions that name an index, or whose policies do."""
    return {
        function
        for user in users.of_index(place, index)
        for function in (
            users.functions_of(user.place) if user.kind is Kind.GRANT else {user.place}
        )
    }


def _code(users: Users, function: Place) -> Value:
    code = users.code_of(function)
    return {k: v for k, v in code.items() if k != "Role"} if isinstance(code, dict) else code
