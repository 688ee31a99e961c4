"""A deployment in waves, as templates: what each of them leaves behind.

A wave changes at most one index of a table. A new index comes into the templates that run; then
everything else is deployed, with the old indexes kept; then those go. Each wave is judged by itself
before any of them is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from keyline_ops.deploying.mixing import ByHandError, mixed
from keyline_ops.plan.evaluate import Stack
from keyline_ops.plan.findings import Finding, Moment, Part, Step, Verdict
from keyline_ops.plan.table_plan import TablePlan
from keyline_ops.plan.verdict import Plan
from keyline_ops.plan.waves import columns

Stacks = Mapping[str, Stack]
"""Stacks by their names, in the order in which they are deployed."""
Parts = Mapping[tuple[str, str], Sequence[Part]]
"""Parts of tables, by the stack and the logical id of the table."""
Judge = Callable[[Sequence[Stack], Sequence[Stack]], Plan]

EVERYTHING = "deploy everything"
EVERYTHING_ELSE = "deploy everything else"


@dataclass(frozen=True)
class Wave:
    """One deployment.

    Attributes
    ----------
    steps
        What it does, for people.
    stacks
        All stacks as they are after it.
    changed
        The names of the stacks that it deploys, in order.
    moment
        Whether it comes before everything else, is that, or comes after it.
    """

    steps: tuple[str, ...]
    stacks: Stacks
    changed: tuple[str, ...]
    moment: Moment = Moment.WITH


def build_waves(running: Stacks, target: Stacks, plan: Plan, judge: Judge) -> tuple[Wave, ...]:
    """Return the waves that lead from what runs to what is to be deployed; the last is the latter.

    Parameters
    ----------
    plan
        The verdict on both, which is not `refused`.
    judge
        Judges a wave: each has to be harmless.

    Raises
    ------
    ByHandError
        If a step is not a change of a table alone, or a wave by itself would not be harmless.
    """
    if plan.verdict is Verdict.HARMLESS:
        return (Wave((EVERYTHING,), target, tuple(target)),)
    states = list(_states(running, target, plan.tables))
    waves, before = [], running
    for moment, steps, stacks in states:
        changed = tuple(name for name, stack in stacks.items() if _differs(stack, before))
        if changed:
            waves.append(Wave(steps, stacks, changed, moment))
            before = stacks
    if not waves:
        return (Wave((EVERYTHING,), target, tuple(target)),)
    waves[-1] = replace(waves[-1], changed=tuple(target))
    _check(running, waves, judge)
    return tuple(waves)


def _differs(stack: Stack, before: Stacks) -> bool:
    return stack.name not in before or before[stack.name].template != stack.template


def _states(
    running: Stacks, target: Stacks, tables: Sequence[TablePlan]
) -> Iterable[tuple[Moment, tuple[str, ...], Stacks]]:
    """Yield when each wave comes, what it does, and the stacks after it."""
    early, late = columns(tables, Moment.BEFORE), columns(tables, Moment.AFTER)
    for number, column in enumerate(early, 1):
        done = [step for each in early[:number] for step in each]
        yield Moment.BEFORE, _told(column), _mixed(running, target, _parts(done), target)
    for number in range(len(late) + 1):
        left = [step for each in late[number:] for step in each]
        moment = Moment.AFTER if number else Moment.WITH
        told = _told(late[number - 1]) if number else (EVERYTHING_ELSE,)
        yield moment, told, _mixed(target, running, _parts(left), target)


def _told(column: Iterable[tuple[TablePlan, Step]]) -> tuple[str, ...]:
    return tuple(f"{table.owner}: {step.text}" for table, step in column)


def _parts(steps: Iterable[tuple[TablePlan, Step]]) -> Parts:
    found: dict[tuple[str, str], list[Part]] = {}
    for table, step in steps:
        if step.part is None:
            raise ByHandError(
                table.owner,
                f"{step.text}: the command does not make this step.",
                "Make the deployments that `keyline plan` prints yourself. After each of them, the"
                " command says what is left.",
            )
        stack, _, logical_id = table.owner.rpartition(".")
        found.setdefault((stack, logical_id), []).append(step.part)
    return found


def _mixed(base: Stacks, other: Stacks, parts: Parts, order: Stacks) -> Stacks:
    """Return stacks with parts of tables as other stacks have them."""
    made = dict(base)
    for (name, logical_id), taken in parts.items():
        if "." in name:
            raise ByHandError(
                f"{name}.{logical_id}",
                "is in a nested stack, which the command does not take apart.",
                "Make the deployments that `keyline plan` prints yourself.",
            )
        templates = made[name].template, other[name].template, order[name].template
        template = mixed(templates[0], templates[1], logical_id, taken, templates[2])
        made[name] = replace(made[name], template=template)
    return made


def _verdict(finding: Finding) -> Verdict:
    return finding.verdict


def _check(running: Stacks, waves: Sequence[Wave], judge: Judge) -> None:
    before = running
    for number, wave in enumerate(waves, 1):
        plan = judge([*before.values()], [*wave.stacks.values()])
        if plan.verdict is not Verdict.HARMLESS:
            worst = max(
                (f for t in plan.tables for f in t.findings if not f.released), key=_verdict
            )
            raise ByHandError(
                worst.path,
                f"{worst.message} The command finds no waves: deployment {number}"
                f" ({'; '.join(wave.steps)}) would be {plan.verdict.word} by itself.",
                worst.suggestion,
            )
        before = wave.stacks
