"""Every cost figure of the systems' specifications beside what it is, with the verdict."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from keyline_ops.costs.figures import SOURCES, Figure
from keyline_ops.printing import print_whole, table

Claims = Sequence[tuple[str, Figure]]
"""A system, and a figure of its specification."""

_ONE_AMOUNT = re.compile(r"(?:about )?\$([0-9][0-9,.]*)(?:,.*)?")
_TWICE = 2
_NEAR = 0.05
"""Within this share, an amount is the one that is said: specifications round."""


def verdict(figure: Figure) -> str:
    """Return the verdict on a figure: its own, or that of what it says beside what it is."""
    if figure.verdict:
        return figure.verdict
    if figure.said == "-":
        return "computed: the specification leaves it out"
    said = _ONE_AMOUNT.fullmatch(figure.said)
    if said is None or figure.amounts is None:
        return "see the formula"
    amount = float(said[1].replace(",", ""))
    now, before = figure.amounts
    if _near(amount, now):
        return "right" if _near(now, before) else "right at today's prices"
    if _near(amount, before):
        return "right at the prices before November 2024"
    times = amount / now
    factor, word = (times, "high") if times > 1 else (1 / times, "low")
    if factor < _TWICE:
        return f"wrong: {abs(times - 1):.0%} too {word}"
    return f"wrong: {factor:,.0f} times too {word}"


def _near(said: float, computed: float) -> bool:
    return abs(said - computed) <= _NEAR * computed


def as_json(claims: Claims) -> list[dict[str, Any]]:
    """Return the figures as JSON has them."""
    return [
        {
            "system": system,
            "line": each.line,
            "what": each.what,
            "specification": each.said,
            "computed": each.now,
            "before": each.before,
            "formula": each.formula,
            "source": SOURCES[each.source],
            "verdict": verdict(each),
        }
        for system, each in claims
    ]


_COLUMNS = ("system", "line", "what", "specification", "computed", "before", "source", "verdict")


def show(claims: Claims, console: Console) -> None:
    """Print the figures as one table, then the formulas' sources."""
    rows = table("The specifications' figures", (*_COLUMNS, "formula"), ("computed", "before"))
    for system, each in claims:
        rows.add_row(*_cells(system, each), each.formula)
    print_whole(rows, console)
    for line in _notes(each for _, each in claims):
        console.print(Text(line), soft_wrap=True)


def markdown(claims: Claims) -> str:
    """Return the figures as one table of Markdown, then the formulas' sources."""
    columns = (*_COLUMNS, "formula")
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    lines += [f"| {' | '.join((*_cells(s, each), each.formula))} |" for s, each in claims]
    return "\n".join([*lines, "", *_notes(each for _, each in claims)])


def _cells(system: str, each: Figure) -> tuple[str, ...]:
    return (
        *(system, each.line, each.what, each.said, each.now, each.before, f"[{each.source}]"),
        verdict(each),
    )


def _notes(figures: Iterable[Figure]) -> Iterable[str]:
    used: Mapping[str, None] = dict.fromkeys(each.source for each in figures)
    yield "`before` is at the prices before November 2024. The sources of the formulas:"
    yield ""
    for name in used:
        yield f"* [{name}] {SOURCES[name]}"
