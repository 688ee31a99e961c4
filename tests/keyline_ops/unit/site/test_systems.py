"""The pages of a system that follow from its declaration."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from keyline.model import System
from keyline_deploy.environment import load
from keyline_deploy.project import ROOT
from keyline_deploy.systems import systems
from keyline_ops.site import api_page, measured
from keyline_ops.site.systems import SystemPages


def pages(system: System) -> SystemPages:
    return SystemPages(system, load("prod"), [], ROOT)


@pytest.mark.parametrize("system", systems(), ids=lambda system: system.name)
def test_each_pattern_has_a_section_with_its_units_and_a_test(system: System) -> None:
    text = pages(system).patterns()
    for pattern in system.patterns:
        section = text.partition(f"\n## {pattern.name}\n")[2].partition("\n## ")[0]
        assert pattern.why in section
        assert "* Units of a call, by the declaration: " in section
        assert "](../../" in section.partition("* Tests: ")[2]


@pytest.mark.parametrize("system", systems(), ids=lambda system: system.name)
def test_the_overview_says_what_is_kept_and_what_it_costs(system: System) -> None:
    text = pages(system).overview()
    for table in system.tables:
        assert f"| `{table.name}` | " in text.partition("## What is kept how long")[2]
    assert "for requests and $" in text


@pytest.mark.parametrize("system", systems(), ids=lambda system: system.name)
def test_what_was_measured_is_of_patterns_that_there_are(system: System) -> None:
    found = measured.read(system.name)
    assert set(found) <= {pattern.name for pattern in system.patterns}
    assert all(each.calls for each in found.values())


def test_figures_are_taken_from_the_report_of_a_demonstration(tmp_path: Path) -> None:
    row = measured.Measured(
        calls=2, items=3, read_units=1.5, write_units=0.0, floor=1.5, p50=1.0, p99=2.0
    )
    own = msgspec.to_builtins(row)
    rows = [
        {"system": "orders", "pattern": "order-get", **own},
        {"system": "orders", "pattern": "never", **own, "calls": 0},
    ]
    report = tmp_path / "report.json"
    report.write_text(json.dumps({"patterns": rows}))
    (tmp_path / "systems/orders").mkdir(parents=True)
    assert measured.keep(report, tmp_path) == [tmp_path / "systems/orders/measured.json"]
    assert measured.read("orders", tmp_path) == {"order-get": row}


@pytest.mark.parametrize("system", systems(), ids=lambda system: system.name)
def test_every_operation_and_type_of_an_api_is_on_its_page(system: System) -> None:
    document = json.loads((ROOT / "systems" / system.name / "openapi.json").read_text())
    text = api_page.page(document)
    for path, item in document["paths"].items():
        for method in item:
            assert f"\n## {method.upper()} {path}\n" in text
    for name in document["components"]["schemas"]:
        assert f"\n### {name}\n" in text
