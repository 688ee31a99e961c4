"""The benchmarks are found by convention, and the result of each is beside it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.__main__ import OWN, benchmarks
from benchmarks.result import parser
from keyline_deploy.project import ROOT


def file_of(name: str) -> Path:
    return ROOT / f"{name.replace('.', '/')}.py"


@pytest.mark.requirement("I-39", "X-16")
def test_every_benchmark_has_its_result_beside_it() -> None:
    found = list(benchmarks())
    assert found[: len(OWN)] == list(OWN)
    assert {file_of(name) for name in found[len(OWN) :]} == {
        file for file in ROOT.glob("systems/*/benchmarks/*.py") if file.stem != "__init__"
    }
    for name in found:
        assert find_spec(name), name
        result = parser("", str(file_of(name))).parse_args([]).json
        assert result == file_of(name).parent / "results" / f"{file_of(name).stem}.json"
        assert result.is_file()


@pytest.mark.parametrize("name", list(benchmarks()))
def test_a_benchmark_tells_its_options(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", name, "--help"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert "--json" in done.stdout


def test_the_costs_at_run_time_are_those_of_the_result(root: Path) -> None:
    rows = {"GetItem": "get", "PutItem": "put", "UpdateItem": "update"}
    rows |= {"BatchGetItem of 100 items": "batch get", "Query of 1,000 items": "query"}
    result = json.loads((root / "benchmarks/results/lean.json").read_text())["cpu_ms"]
    page = (root / "docs/cost.md").read_text().partition("## What a call costs at run time")[2]
    shown = {
        cells[0]: [float(cell) for cell in cells[1:]]
        for cells in re.findall(r"^\| (\w.*?)" + r" \| ([\d.]+)" * 5 + r" \|$", page, re.M)
    }
    assert shown.keys() == rows.keys()
    for row, figures in shown.items():
        measured = list(result[rows[row]].values())[:5]
        assert figures == pytest.approx(measured, rel=0.005, abs=0.005), row
