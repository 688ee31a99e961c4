"""A specification's figures beside what they are: data of a system, and the table of them.

`systems/<system>/figures.py` exports them as `FIGURES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from keyline_ops.costs.forecast import PatternCost
from keyline_ops.costs.prices import BEFORE, CURRENT, Prices

_HEAD = ("line", "what", "specification", "formula", "computed")
SOURCES = {
    "units": "DynamoDB developer guide, 'DynamoDB on-demand capacity mode': a read unit is 4 KB, "
    "half of one when eventually consistent; a write unit is 1 KB, in the table and each index.",
    "transactions": "DynamoDB developer guide, 'Managing complex workflows with transactions': "
    "two units for each in the table.",
    "storage": "DynamoDB pricing; developer guide, 'DynamoDB item sizes and formats': 100 B of "
    "overhead for each item and index entry.",
    "provisioned": "DynamoDB pricing for provisioned capacity: a unit is billed by the hour, and "
    "reserved capacity is of provisioned tables alone.",
    "forecast": "`keyline cost`: all of these rules, over all patterns and tables as declared.",
    "free tier": "DynamoDB pricing, 'Free tier'.",
    "dax": "DynamoDB pricing, 'DynamoDB Accelerator': a node is billed by the hour.",
    "arithmetic": "The specification's own figures.",
}
"""What a formula rests on, beside the dated price file."""

_BEFORE = "at the prices before November 2024"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure of a specification beside what it is.

    Attributes
    ----------
    said
        What the specification says; `-` where it says nothing.
    usd, places
        What it costs at given prices, and with how many decimal places that is shown.
    text
        What it is, where it has no price.
    verdict
        The judgement on what is said; empty where the figures are enough.
    source
        What the formula rests on: a name of `SOURCES`.
    """

    line: str
    what: str
    said: str = "-"
    formula: str
    usd: Callable[[Prices], float] | None = None
    places: int = 2
    text: str = ""
    verdict: str = ""
    source: str = "units"

    @property
    def amounts(self) -> tuple[float, float] | None:
        """The cost at today's prices and before, in USD; None without a price."""
        return (self.usd(CURRENT), self.usd(BEFORE)) if self.usd else None

    @property
    def now(self) -> str:
        """Return what it is at today's prices."""
        return dollars(self.usd(CURRENT), self.places) if self.usd else self.text

    @property
    def before(self) -> str:
        """Return what it was at the prices before November 2024."""
        return dollars(self.usd(BEFORE), self.places) if self.usd else "the same"


def markdown(figures: Iterable[Figure]) -> str:
    """Return the figures as a table; a column of verdicts if one of them has any."""
    every = list(figures)
    judged = any(each.verdict for each in every)
    lines = [(*_HEAD, _BEFORE, *(["verdict"] if judged else []))]
    for each in every:
        cells = (each.line, each.what, each.said, each.formula, each.now, each.before)
        lines.append((*cells, *([each.verdict] if judged else [])))
    written = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join([written[0], "|---" * len(lines[0]) + "|", *written[1:]])


def dollars(usd: float, places: int = 2) -> str:
    """Return an amount as text."""
    return f"${usd:,.{places}f}"


def most_units(rows: Iterable[PatternCost]) -> float:
    """Return the most units that these patterns take in the month."""
    return sum(row.units.most for row in rows)


def most_usd(rows: Iterable[PatternCost]) -> float:
    """Return what these patterns cost at most in the month."""
    return sum(row.usd.most for row in rows)
