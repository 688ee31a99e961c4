"""Conditions that a template names and does not define: CloudFormation rejects the template."""

from __future__ import annotations

from collections.abc import Iterator

from keyline_ops.plan.constants import Value
from keyline_ops.plan.evaluate import Stack
from keyline_ops.plan.findings import Finding, rejected
from keyline_ops.plan.side import Side
from keyline_ops.plan.unseen import macros


def undefined_conditions(old: Side, new: Side) -> Iterator[tuple[str, Finding]]:
    """Yield the conditions that only the new template of a stack names without defining them."""
    for stack, evaluator in sorted(new.evaluators.items()):
        running = old.evaluators.get(stack)
        known = _undefined(running.stack) if running else set()
        for name in sorted(_undefined(evaluator.stack) - known):
            yield (
                stack,
                rejected(
                    f"Conditions.{name}",
                    "is named and not defined. CloudFormation rejects the template.",
                    "Define the condition, or remove what names it.",
                ),
            )


def _undefined(stack: Stack) -> set[str]:
    defined = stack.template.get("Conditions")
    names = set(defined) if isinstance(defined, dict) else set()
    if macros([stack]) or any(name.startswith("Fn::") for name in names):
        return set()  # a macro or a loop may define more
    found: set[str] = set()
    for section in ("Resources", "Outputs"):
        bodies = stack.template.get(section)
        for body in bodies.values() if isinstance(bodies, dict) else ():
            if isinstance(body, dict):
                named = body.get("Condition")
                found |= {named} if isinstance(named, str) else set()
                found |= set(_asked({k: v for k, v in body.items() if k != "Metadata"}))
    found |= set(_asked(defined))
    return {name for name in found - names if "{" not in name}  # `${Loop}` stands for a name


def _asked(node: Value) -> Iterator[str]:
    """Yield the conditions that Fn::If names."""
    if isinstance(node, dict):
        match node:
            case {"Fn::If": [str(name), _, _]}:
                yield name
        for each in node.values():
            yield from _asked(each)
    elif isinstance(node, list):
        for each in node:
            yield from _asked(each)
