"""A plan as JSON, as a table on a terminal, and as a comment on a pull request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.text import Text

from keyline_ops.plan.findings import Finding, Verdict
from keyline_ops.plan.table_plan import TablePlan
from keyline_ops.plan.verdict import Plan
from keyline_ops.printing import print_whole, table

_COLOURS = {Verdict.HARMLESS: "green", Verdict.WAVES: "yellow", Verdict.REFUSED: "red"}
_MEANINGS = {
    Verdict.HARMLESS: "One deployment updates the tables in place, or nothing changes.",
    Verdict.WAVES: "This is safe in several deployments, in the order below.",
    Verdict.REFUSED: "This loses or endangers something, or AWS rejects it.",
}


def as_json(plan: Plan) -> dict[str, Any]:
    """Return a plan as JSON has it; its first key is the verdict."""
    return {
        "verdict": plan.verdict.word,
        "tables": [
            {
                "table": each.owner,
                "name": each.name,
                "verdict": each.verdict.word,
                "changes": [_finding(finding) for finding in each.findings],
            }
            for each in plan.tables
        ],
        "waves": [list(wave) for wave in plan.waves],
        "assumptions": list(plan.assumptions),
        "unused_releases": list(plan.unused_releases),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "path": finding.path,
        "verdict": finding.verdict.word,
        "message": finding.message,
        "suggestion": finding.suggestion,
        "releasable": finding.releasable,
        "released": finding.released,
    }


def show(plan: Plan, console: Console, *, in_order: bool = True) -> None:
    """Print a plan: each table, what changes, the verdict.

    Parameters
    ----------
    in_order
        Whether the deployments are printed, in their order.
    """
    rows = table("", ("table", "name", "verdict"))
    for each in plan.tables:
        rows.add_row(each.owner, each.name, Text(_word(each), _COLOURS[each.verdict]))
    if plan.tables:
        print_whole(rows, console)
    for each in plan.tables:
        for finding in each.findings:
            _show_finding(finding, console)
    waves = plan.waves if in_order and plan.verdict is Verdict.WAVES else ()
    for number, wave in enumerate(waves, 1):
        for step in wave:
            console.print(Text(f"deployment {number}: {step}"), soft_wrap=True)
    for line in _remarks(plan):
        console.print(Text(line), soft_wrap=True)
    console.print(
        Text(plan.verdict.word, _COLOURS[plan.verdict]) + Text(f": {_MEANINGS[plan.verdict]}"),
        soft_wrap=True,
    )


def _show_finding(finding: Finding, console: Console) -> None:
    colour = "" if finding.released else _COLOURS[finding.verdict]
    console.print(Text(finding.path, colour) + Text(f": {finding.message}"), soft_wrap=True)
    if finding.released:
        console.print(Text(f"  released: {finding.released}"), soft_wrap=True)
    elif finding.suggestion:
        console.print(Text(f"  {finding.suggestion}"), soft_wrap=True)


def _remarks(plan: Plan) -> Iterator[str]:
    for assumption in plan.assumptions:
        yield f"The verdict takes for granted that {assumption}. It is the worst of all cases."
    for change in plan.unused_releases:
        yield f"The release of {change} lets nothing through: remove it."


def _word(each: TablePlan) -> str:
    return each.verdict.word if each.findings else "unchanged"


def markdown(plan: Plan) -> str:
    """Return a plan as a comment on a pull request."""
    lines = [f"## Tables: {plan.verdict.word}", "", _MEANINGS[plan.verdict], ""]
    changed = [each for each in plan.tables if each.findings]
    if changed:
        lines += ["| change | verdict | what it means |", "|---|---|---|"]
    for each in changed:
        for finding in each.findings:
            verdict = "released" if finding.released else f"**{finding.verdict.word}**"
            said = " ".join((finding.message, finding.released or finding.suggestion)).strip()
            lines.append(f"| `{_cell(finding.path)}` | {verdict} | {_cell(said)} |")
    if unchanged := [each.owner for each in plan.tables if not each.findings]:
        lines += ["", f"Unchanged: {', '.join(f'`{name}`' for name in unchanged)}."]
    if plan.waves and plan.verdict is Verdict.WAVES:
        lines += ["", "Deploy in this order:", ""]
        lines += [f"{n}. {'; '.join(wave)}" for n, wave in enumerate(plan.waves, 1)]
    remarks = list(_remarks(plan))
    return "\n".join([*lines, *([""] if remarks else []), *remarks])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
