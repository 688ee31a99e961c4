"""The benchmarks are found by convention, and the result of each is beside it."""

from __future__ import annotations

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
