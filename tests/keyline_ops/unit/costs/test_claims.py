"""Every figure of the specifications, with its verdict."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from keyline_deploy.systems import names
from keyline_ops.cli import app
from keyline_ops.costs.claims import verdict
from keyline_ops.costs.figures import SOURCES, Figure
from tests.support.claims import claims


@pytest.mark.requirement("X-15")
def test_every_figure_has_its_formula_its_source_and_its_verdict() -> None:
    found = claims()
    assert {system for system, _, _ in found} == set(names())
    for row in found.values():
        assert row["formula"]
        assert row["verdict"]
        assert row["verdict"] != "see the formula", row
        assert row["source"] in SOURCES.values()
        assert row["computed"]
        assert row["before"]


@pytest.mark.parametrize(
    ("said", "now", "before", "expected"),
    [
        ("$0.25", 0.25, 0.25, "right"),
        ("$1.25", 1.25, 2.50, "right at today's prices"),
        ("$2.50", 1.25, 2.50, "right at the prices before November 2024"),
        ("$1.25", 0.03125, 0.0625, "wrong: 40 times too high"),
        ("about $1.00", 4.0, 8.0, "wrong: 4 times too low"),
        ("$1.10", 1.00, 2.00, "wrong: 10% too high"),
        ("-", 1.00, 2.00, "computed: the specification leaves it out"),
        ("$1 to $5", 1.00, 2.00, "see the formula"),
    ],
)
def test_a_verdict_follows_from_what_is_said_and_what_is_computed(
    said: str, now: float, before: float, expected: str
) -> None:
    def usd(prices: object) -> float:
        return now if getattr(prices, "write_million") < 1 else before  # noqa: B009

    figure = Figure(line="X-1", what="w", said=said, formula="f", usd=usd)
    assert verdict(figure) == expected
    judged = Figure(line="X-1", what="w", said=said, formula="f", usd=usd, verdict="as it is")
    assert verdict(judged) == "as it is"


def test_the_claims_are_printed_as_one_table_and_as_markdown() -> None:
    table = CliRunner().invoke(app, ["cost", "--claims"]).output
    assert all(line in table for _, line, _ in claims())
    lines = CliRunner().invoke(app, ["cost", "--claims", "--markdown"]).output.splitlines()
    assert lines[0].startswith("| system | line | what | specification | computed | before |")
    assert sum(line.startswith(f"| {names()[0]} |") for line in lines) > 10
