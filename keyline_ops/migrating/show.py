"""Output of the steps of a migration: tables for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.text import Text

from keyline.model import Copy
from keyline_ops.migrating.checkpoint import State
from keyline_ops.migrating.job import Job
from keyline_ops.migrating.outcome import Outcome, Refusal
from keyline_ops.migrating.verify import Verdict
from keyline_ops.printing import print_whole, table


def planned(job: Job) -> dict[str, Any]:
    """Return a backfill and how far it is, as JSON."""
    missing = job.missing()
    state = State() if missing else job.progress
    copies = isinstance(job.backfill, Copy)
    return {
        "system": job.system.name,
        "backfill": job.name,
        "why": job.backfill.why,
        "kind": "copy" if copies else "fill",
        "shape": job.backfill.shape.__name__,
        "source": job.deployed_name(job.source),
        "target": job.deployed_name(job.target),
        "not_deployed": missing or None,
        "items": None if missing else job.items(),
        "outside_of_index": None if missing else job.outside(),
        "under_way": state.under_way,
        "read": state.outcome.read,
        "filled": state.filled,
        "verified": state.verified,
        "cut_over": state.cut_over,
        "next": "" if missing else following(job, state),
    }


def following(job: Job, state: State) -> str:
    """Return the command of the next step; empty if nothing is left."""
    copies = isinstance(job.backfill, Copy)
    if state.filled is None:
        step = "backfill"
    elif state.verified is None:
        step = "verify"
    elif not copies:
        return ""
    else:
        step = "clean-up" if state.cut_over else "cut-over"
    return f"keyline migrate {job.system.name} {job.name} --step {step}"


def show_plan(plans: Sequence[dict[str, Any]], console: Console) -> None:
    """Print backfills with their next steps."""
    columns = ("system", "backfill", "kind", "of", "source", "target")
    counts = ("items", "outside of index", "read")
    shown = table("Backfills", (*columns, *counts), numbers=counts)
    names = ("system", "backfill", "kind", "shape", "source", "target")
    for plan in plans:
        numbers = (plan["items"], plan["outside_of_index"], plan["read"])
        told = ("" if number is None else f"{number:,}" for number in numbers)
        shown.add_row(*(plan[name] for name in names), *told)
    print_whole(shown, console)
    for plan in plans:
        if plan["not_deployed"]:
            line = f"{plan['backfill']}: the table {plan['not_deployed']} is not deployed."
            console.print(Text(line), soft_wrap=True)
    for line in dict.fromkeys(plan["next"] for plan in plans if _is_due(plan)):
        console.print(Text(f"next: {line}"), soft_wrap=True)


def _is_due(plan: dict[str, Any]) -> bool:
    """Return whether a plan has a next step; an index that has all items needs none."""
    return bool(plan["next"]) and plan["outside_of_index"] != 0


def outcome_json(job: Job, outcome: Outcome, *, dry: bool) -> dict[str, Any]:
    """Return what became of the items of a backfill, as JSON."""
    return {"backfill": job.name, "dry_run": dry, **msgspec.to_builtins(outcome)}


def show_outcome(job: Job, outcome: Outcome, console: Console, *, dry: bool) -> None:
    """Print what became of the items of a backfill."""
    _show_refusals(outcome.refusals, outcome.refused, console)
    verb = "would be written" if dry else "written"
    parts = [f"{outcome.read:,} items read", f"{outcome.written:,} {verb}"]
    words = {
        "there": "there already",
        "newer": "there with other contents, which stay",
        "gone": "deleted or changed meanwhile",
        "passed": "left out",
        "refused": "refused",
    }
    parts += [f"{getattr(outcome, n):,} {said}" for n, said in words.items() if getattr(outcome, n)]
    console.print(Text(f"{job.name}: {', '.join(parts)}"), soft_wrap=True)


def verdict_json(job: Job, verdict: Verdict) -> dict[str, Any]:
    """Return what a verification found, as JSON."""
    return {
        "backfill": job.name,
        "faultless": verdict.faultless,
        "only_target": verdict.only_target,
        **msgspec.to_builtins(verdict),
    }


def show_verdict(job: Job, verdict: Verdict, console: Console) -> None:
    """Print what a verification found."""
    _show_refusals(verdict.refusals, verdict.refused, console)
    if verdict.differences:
        shown = table("Differences", ("item of the target", "is"))
        for each in verdict.differences:
            shown.add_row(Text(each.key), each.what)
        print_whole(shown, console)
    if not isinstance(job.backfill, Copy):
        said = f"{verdict.source:,} items, {verdict.different:,} lack an attribute"
    else:
        said = (
            f"{verdict.source:,} items to be in the target, {verdict.target:,} items there; "
            f"{verdict.missing:,} missing, {verdict.different:,} different of "
            f"{verdict.compared:,} compared, {verdict.only_target:,} only in the target"
        )
    console.print(Text(f"{job.name}: {said}, {verdict.refused:,} refused"), soft_wrap=True)


def _show_refusals(refusals: Iterable[Refusal], count: int, console: Console) -> None:
    told = list(refusals)
    if not told:
        return
    shown = table("Refused", ("key", "path", "message", "suggestion"))
    for each in told:
        shown.add_row(*map(Text, (each.key, each.path, each.message, each.suggestion)))
    print_whole(shown, console)
    if count > len(told):
        console.print(f"and {count - len(told):,} more")
