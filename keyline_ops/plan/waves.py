"""Deployments in order: what new readers need, everything else, what old readers needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from keyline_ops.plan.findings import Moment, Step, Verdict
from keyline_ops.plan.table_plan import TablePlan

Wave = tuple[str, ...]
"""What one deployment does."""


def waves_of(tables: Sequence[TablePlan], *, others_change: bool) -> tuple[Wave, ...]:
    """Return the deployments in order; none where nothing is to be done, or it is refused.

    Parameters
    ----------
    others_change
        Whether anything changes that is not a table.
    """
    worst = max((table.verdict for table in tables), default=Verdict.HARMLESS)
    if worst is Verdict.REFUSED:
        return ()
    if worst is Verdict.HARMLESS:
        steps = [*_together(tables, Moment.BEFORE), *_together(tables, Moment.AFTER)]
        changes = others_change or any(table.findings for table in tables)
        told = [step for column in steps for step in column]
        return ((*told, "deploy everything"),) if changes else ()
    return tuple(_apart(tables, others_change))


def _apart(tables: Sequence[TablePlan], others_change: bool) -> Iterator[Wave]:
    yield from _together(tables, Moment.BEFORE)
    if others_change or any(table.changes_in_place for table in tables):
        yield ("deploy everything else",)
    yield from _together(tables, Moment.AFTER)


def _together(tables: Sequence[TablePlan], moment: Moment) -> list[Wave]:
    return [
        tuple(f"{table.owner}: {step.text}" for table, step in column)
        for column in columns(tables, moment)
    ]


def columns(
    tables: Sequence[TablePlan], moment: Moment
) -> list[tuple[tuple[TablePlan, Step], ...]]:
    """Return the first steps of all tables at a moment, then their second ones, and so on."""
    steps = [
        [(table, s) for f in table.findings for s in f.steps if s.moment is moment]
        for table in tables
    ]
    longest = max(map(len, steps), default=0)
    return [tuple(each[n] for each in steps if n < len(each)) for n in range(longest)]
