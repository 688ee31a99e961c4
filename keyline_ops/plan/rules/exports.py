"""Exports of a table by its stack: other stacks import them, and nothing here names those."""

from __future__ import annotations

from collections.abc import Iterator

from keyline_ops.plan.constants import Value, constant_name, shown
from keyline_ops.plan.findings import Finding, refused, waves
from keyline_ops.plan.rules.change import Change
from keyline_ops.plan.side import Side


def exports(change: Change) -> Iterator[Finding]:
    """Yield the exports of a table that go or change."""
    stack, _ = change.place
    before = _exported(change.side_before, change)
    after = change.side_after.exports if before else {}
    for name, value in sorted(before.items()):
        if name not in after and _imported(change.side_before, name):
            yield waves(
                f"Outputs.{name}",
                "is exported no more, and a stack of this deployment imported it.",
                "Deploy the stack that imported it first.",
            )
        elif name not in after:
            yield refused(
                f"Outputs.{name}",
                "is exported no more, and other stacks may import it.",
                f"Remove the imports first, then the export from {stack or 'this stack'}, and"
                " release the change.",
            )
        elif after[name] != value:
            yield refused(
                f"Outputs.{name}",
                "exports another value, which CloudFormation refuses while it is imported.",
                "Export the new value under another name.",
            )


def _imported(side: Side, name: str) -> bool:
    """Return whether a stack of the same deployment imports a name."""
    return any(name in evaluator.imported for evaluator in side.evaluators.values())


def _exported(side: Side, change: Change) -> dict[str, Value]:
    """Return what the table's stack exports of the table."""
    stack, logical_id = change.place
    own = constant_name(stack, logical_id)
    marks = (f"${{{own}}}", f"${{{own}.")
    named = shown(change.before.name)
    found = {}
    for output in side.evaluators[stack].outputs(logical_id).values():
        text = shown(str(output.value))
        if output.export and (named in text or any(mark in text for mark in marks)):
            found[output.export] = output.value
    return found
