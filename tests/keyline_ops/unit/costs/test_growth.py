"""Costs of a growing system, and their charts."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from keyline.errors import KeylineError
from keyline_deploy.environment import load
from keyline_deploy.systems import names
from keyline_ops.cli import app
from keyline_ops.costs.chart import amount, bars, lines
from keyline_ops.costs.estimate import Estimate
from keyline_ops.costs.growth import MONTHS, SIZES, over_months, over_sizes
from keyline_ops.costs.observability import Observability
from keyline_ops.costs.prices import CURRENT
from keyline_ops.costs.usage import Usage
from tests.keyline_ops.unit.costs.test_forecast import GET, PUT, system_of

SYSTEM = system_of(PUT, GET)
WATCHED = Observability(
    metrics=10, metric_months=10, alarms=20, alarm_metrics=30, composites=2, dashboards=1
)


def estimate(**changed: object) -> Estimate:
    made = Estimate(
        system=SYSTEM,
        environment=load("prod"),
        prices=CURRENT,
        usage=Usage.declared(SYSTEM),
        watched=WATCHED,
    )
    return replace(made, **changed)  # type: ignore[arg-type] # fields of it


@pytest.mark.requirement("X-15")
def test_a_thousand_times_the_items_cost_a_thousand_times_what_is_not_fixed() -> None:
    points = over_sizes(estimate())
    assert [point.items for point in points] == pytest.approx(list(SIZES))
    fixed = WATCHED.metrics_usd + WATCHED.alarms_usd + 3.0
    for point in points:
        moving = point.usd - fixed
        assert moving == pytest.approx((points[0].usd - fixed) * point.items / 1e6)
        parts = point.requests_usd + point.storage_usd + point.services_usd
        assert point.usd == pytest.approx(parts)


def test_nothing_says_what_a_size_means_where_nothing_is_created() -> None:
    system = system_of(GET)
    asked = estimate(system=system, usage=Usage.declared(system))
    with pytest.raises(KeylineError, match="creates items") as raised:
        over_sizes(asked)
    assert "--stored" in raised.value.suggestion


def test_storage_grows_with_the_months() -> None:
    points = over_months(estimate())
    assert [point.months for point in points] == list(MONTHS)
    assert [point.items for point in points] == pytest.approx([1e6 * each for each in MONTHS])
    assert len({point.requests_usd for point in points}) == 1


def texts(svg: str) -> list[str]:
    root = ET.fromstring(svg)  # what we have written ourselves
    return ["".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text")]


def test_a_chart_names_each_line_with_its_last_amount() -> None:
    said = texts(
        lines("Title", "items", "USD", {"a<b": [(1e6, 1.5), (1e9, 1500)], "c": [(1e6, 2)]})
    )
    assert "a<b $1.5 K" in said
    assert "c $2" in said
    assert {"$1", "$10 K", "1 M", "1 B", "Title"} <= set(said)


_POINTS = st.lists(st.tuples(st.floats(1e-3, 1e12), st.floats(1e-3, 1e12)), min_size=1, max_size=6)


@given(st.dictionaries(st.text("ab<&\"'", min_size=1, max_size=5), _POINTS, min_size=1, max_size=7))
def test_any_lines_are_drawn_within_the_chart(series: dict[str, list[tuple[float, float]]]) -> None:
    root = ET.fromstring(lines("T", "x", "y", series))  # our own
    for circle in root.iter("{http://www.w3.org/2000/svg}circle"):
        x, y = float(circle.attrib["cx"]), float(circle.attrib["cy"])
        assert math.isfinite(x)
        assert math.isfinite(y)
        assert 80 <= x <= 720
        assert 50 <= y <= 470


def test_bars_are_as_long_as_their_amounts() -> None:
    svg = bars("T", [("table A", 1.0, 4.0), ("table B", 0.0, 2.0)])
    root = ET.fromstring(svg)  # our own
    widths = [
        float(each.attrib["width"])
        for each in root.iter("{http://www.w3.org/2000/svg}rect")
        if each.attrib["height"] == "15"
    ]
    assert widths[1] == pytest.approx(4 * widths[0], abs=0.5)
    assert widths[3] == pytest.approx(2 * widths[0], abs=0.5)
    assert {"$4.00", "$2.00", "table A", "before", "after"} <= set(texts(svg))


@pytest.mark.parametrize(
    ("number", "said"),
    [(0.05, "0.05"), (999, "999"), (1000, "1 K"), (2.5e6, "2.5 M"), (1e9, "1 B")],
)
def test_an_amount_has_three_digits_at_most(number: float, said: str) -> None:
    assert amount(number) == said


def test_the_command_says_a_growth_in_each_form(tmp_path: Path) -> None:
    chart = tmp_path / "costs.svg"
    asked = ["cost", names()[0], "--dynamodb", "--scale"]
    said = CliRunner().invoke(app, [*asked, "--json", "--chart", str(chart)])
    assert said.exit_code == 0, said.output
    rows = json.loads(said.stdout)
    assert [row["items"] for row in rows] == pytest.approx(list(SIZES))
    assert any(
        text.startswith(f"{names()[0]} $") for text in texts(chart.read_text(encoding="utf-8"))
    )
    assert "1,000,000,000" in CliRunner().invoke(app, asked).output
    lines_said = CliRunner().invoke(app, [*asked, "--markdown"]).output.splitlines()
    assert lines_said[0].startswith("| system | months | items |")
    months = CliRunner().invoke(app, ["cost", names()[0], "--dynamodb", "--growth"]).output
    assert "36" in months
    nowhere = chart / "costs.svg"  # below a file
    error = CliRunner().invoke(app, [*asked, "--chart", str(nowhere)]).exception
    assert isinstance(error, KeylineError)
    assert "cannot be written" in error.message
