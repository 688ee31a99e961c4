"""The verdicts on a specification's promises and figures, as a system's pages have them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from keyline_deploy.project import ROOT
from keyline_ops.costs.figures import Figure
from keyline_ops.requirements.ledger import read

KINDS = ("measured on the local engine", "only on AWS", "computed")


def said(line: str, figures: Iterable[Figure], what: str) -> Figure:
    return next(each for each in figures if each.line == line and each.what == what)


def page_of(system: str, name: str) -> str:
    """Return a page of a system: `README`, `specification`, `cost`."""
    return (ROOT / "systems" / system / f"{name}.md").read_text(encoding="utf-8")


def verdicts_of(page: str, system: str) -> dict[str, str]:
    """Return the verdict on each promise of a specification, by its lines."""
    table = page.partition("## What the specification promises")[2].partition("\n\n")[2]
    row = rf"^\| ({system}-\d\d(?: to {system}-\d\d)?) \| .* \| (.*) \|$"
    return dict(re.findall(row, table.partition("\n\n")[0], re.M))


def corrected(system: str) -> set[str]:
    """Return the lines of a specification whose error a system's page says."""
    ledger = read(system, ROOT / "systems" / system / "specification.md", ROOT)
    return {name for name, line in ledger.lines.items() if "In fact" in line.parts}
