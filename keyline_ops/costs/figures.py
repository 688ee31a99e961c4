"""A specification's figures beside what they are: one row each, and the table of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from keyline_ops.costs.prices import BEFORE, CURRENT, Prices

_HEAD = ("line", "what", "specification", "formula", "computed")
_BEFORE = "at the prices before November 2024"


@dataclass(frozen=True)
class Row:
    """One figure of a specification beside what it is.

    Attributes
    ----------
    said
        What the specification says; `-` where it says nothing.
    now, before
        What it is at today's prices, and at those before November 2024.
    verdict
        What is to be said of it; nothing where the figures speak for themselves.
    """

    line: str
    what: str
    said: str
    formula: str
    now: str
    before: str
    verdict: str = ""


def markdown(rows: Iterable[Row]) -> str:
    """The figures as a table; a column of verdicts if one of them has any."""
    every = list(rows)
    judged = any(row.verdict for row in every)
    lines = [(*_HEAD, _BEFORE, *(["verdict"] if judged else []))]
    for row in every:
        cells = (row.line, row.what, row.said, row.formula, row.now, row.before)
        lines.append((*cells, *([row.verdict] if judged else [])))
    written = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join([written[0], "|---" * len(lines[0]) + "|", *written[1:]])


def at_both_prices(of: Callable[[Prices], float], places: int = 2) -> tuple[str, str]:
    """What something costs now, and what it cost before November 2024."""
    return dollars(of(CURRENT), places), dollars(of(BEFORE), places)


def dollars(usd: float, places: int = 2) -> str:
    """An amount as text."""
    return f"${usd:,.{places}f}"
