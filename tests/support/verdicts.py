"""The verdicts on a specification's promises and figures, as a system's page has them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from keyline_ops.costs.figures import Figure

KINDS = ("measured on the local engine", "only on AWS", "computed")


def said(line: str, figures: Iterable[Figure], what: str) -> Figure:
    return next(each for each in figures if each.line == line and each.what == what)


def verdicts_of(page: str, system: str) -> dict[str, str]:
    """The verdict on each promise of a specification, by its lines."""
    table = page.partition("## What the specification promises")[2].partition("\n\n")[2]
    row = rf"^\| ({system}-\d\d(?: to {system}-\d\d)?) \| .* \| (.*) \|$"
    return dict(re.findall(row, table.partition("\n\n")[0], re.M))


def corrected_by(page: str) -> set[str]:
    """The lines of the specification that the page's table of corrections names."""
    _, _, section = page.partition("\n## Where the specification is wrong, and what was built\n")
    table = section.partition("\n#")[0]
    cells = re.findall(r"^\| ([A-Z]-.*?) \|", table, re.M)
    return {line for cell in cells for line in cell.split(", ")}
