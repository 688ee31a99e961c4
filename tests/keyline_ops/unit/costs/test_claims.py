"""Every figure of the specifications, with its verdict; three worked out by hand."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from keyline_deploy.systems import names
from keyline_ops.cli import app
from keyline_ops.costs.claims import verdict
from keyline_ops.costs.figures import SOURCES, Figure


def claims() -> dict[tuple[str, str, str], dict[str, str]]:
    said = CliRunner().invoke(app, ["cost", "--claims", "--json"])
    assert said.exit_code == 0, said.output
    rows = json.loads(said.stdout)
    return {(row["system"], row["line"], row["what"]): row for row in rows}


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


def test_three_figures_are_what_a_hand_computes() -> None:
    found = claims()
    # T-21: one index of a million messages of 2,048 B a month.
    # storage: 1,000,000 x (2,048 + 100) B = 2.148 GB; x $0.25 = $0.537
    # writes: 2,048 B are 2 units; 2,000,000 x $0.625 / 1,000,000 = $1.25, before $2.50
    # reads: 100,000 queries of ten: 20,480 B / 4,096 B = 5, half of it is 2.5 units;
    #        250,000 x $0.125 / 1,000,000 = $0.03125, before $0.0625
    # together 0.537 + 1.25 + 0.03125 = $1.81825; before 0.537 + 2.5 + 0.0625 = $3.0995
    index = found["chat", "T-21", "module index in all"]
    assert (index["specification"], index["computed"], index["before"]) == (
        "$3.00",
        "$1.82",
        "$3.10",
    )

    # M-55: 30,000 checks of 1,024 B, one unit in the table and one in GSI1:
    # 60,000 x $0.625 / 1,000,000 = $0.0375; before x $1.25 = $0.075; $0.13 is 3.5 times that
    writes = found["interactions", "M-55", "writes of table and GSI1"]
    assert (writes["computed"], writes["before"]) == ("$0.0375", "$0.0750")
    assert writes["verdict"] == "wrong: 3 times too high"

    # B-74: $0.00065 an hour, against 3,600 requests in that hour at $0.625 a million: $0.00225.
    # 0.00065 / 0.00225 = 0.2889: a provisioned unit that is used for 29 % of its time
    use = found["companion", "B-74", "use of a provisioned write unit from which on it is cheaper"]
    assert use["computed"] == "29%"


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
    assert "T-21" in table
    assert "M-55" in table
    lines = CliRunner().invoke(app, ["cost", "--claims", "--markdown"]).output.splitlines()
    assert lines[0].startswith("| system | line | what | specification | computed | before |")
    assert sum(line.startswith("| chat |") for line in lines) > 10
