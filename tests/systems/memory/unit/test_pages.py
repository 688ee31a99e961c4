"""Test what the pages of the system say of cost and speed is what is computed and was measured."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keyline_deploy.project import ROOT
from keyline_ops.costs.figures import markdown
from systems.memory import figures
from tests.support.verdicts import corrected, page_of

MEASURED = json.loads((ROOT / "benchmarks/results/memory_before_after.json").read_text())
CORRECTED = {
    *("I-05", "I-11", "I-13", "I-20", "I-21", "I-24", "I-28", "I-32", "I-47", "I-48", "I-62"),
    "I-74",
}
"""The lines of the specification that are technically false."""


@pytest.mark.requirement("X-19")
def test_every_correction_of_the_specification_stands_on_the_page() -> None:
    assert "\n## What is asked, and what answers it\n" in page_of("memory", "README")
    assert corrected("memory") >= CORRECTED


@pytest.mark.requirement("I-24", "I-28", "I-31", "I-32", "I-33", "I-34", "I-35", "X-15")
def test_the_page_shows_what_is_computed() -> None:
    text = markdown(figures.FIGURES)
    assert text in page_of("memory", "cost"), "Put the output of `keyline figures memory` there."
    lines = {each.line for each in figures.FIGURES}
    assert lines == {"I-24", "I-28", "I-31", "I-32", "I-33", "I-34", "I-35"}


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(line, marks=pytest.mark.requirement(line), id=line)
        for line in (
            *("I-23", "I-25", "I-26", "I-27", "I-28", "I-29", "I-30", "I-31", "I-32", "I-33"),
            *("I-34", "I-35"),
        )
    ],
)
def test_what_was_measured_stands_on_the_page_with_its_machine(line: str) -> None:
    page = page_of("memory", "specification")
    assert MEASURED["machine"] in page
    claims: list[dict[str, Any]] = [each for each in MEASURED["claims"] if each["line"] == line]
    assert claims
    for claim in claims:
        said = f"| {line} | {claim['what']} | {claim['said']} | "
        shown = f"{claim['before']:g} | {claim['after']:g} | {claim['change']} | "
        rows = [row for row in page.splitlines() if row.startswith(said)]
        assert [row.removeprefix(said) for row in rows] == [f"{shown}{claim['verdict']} |"]
