"""The requirements report: the same from one process and from many; wrong lines are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.inner_pytest import run_pytest

PLUGINS = ("-p", "tests.support.requirements_report")
MODULE = """
import pytest

@pytest.mark.requirement("T-10", "T-02")
def test_one(): pass

@pytest.mark.requirement("T-02", "T-O1")
@pytest.mark.parametrize("number", [1, 2])
def test_two(number): assert number == 1

@pytest.fixture
def broken(): raise RuntimeError

@pytest.mark.xdist_group("some")
@pytest.mark.requirement("X-08")
def test_three(broken): pass

def test_four(): pass
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = requirement(*ids): lines\n")
    return tmp_path


@pytest.mark.parametrize(
    "options",
    [(), ("-n", "2"), ("-n", "2", "--dist", "loadgroup")],
    ids=["one process", "two workers", "groups"],
)
def test_the_report_names_tests_and_outcomes(folder: Path, options: tuple[str, ...]) -> None:
    (folder / "test_sample.py").write_text(MODULE)
    run_pytest(folder, *PLUGINS, "--requirements-report=out/report.json", *options)

    report = json.loads((folder / "out/report.json").read_text())
    assert list(report) == ["T-02", "T-10", "T-O1", "X-08"]
    assert report["T-02"] == [
        {"test": "test_sample.py::test_one", "outcome": "passed"},
        {"test": "test_sample.py::test_two[1]", "outcome": "passed"},
        {"test": "test_sample.py::test_two[2]", "outcome": "failed"},
    ]
    assert report["X-08"] == [{"test": "test_sample.py::test_three", "outcome": "failed"}]


def test_a_test_that_ends_its_worker_has_failed(folder: Path) -> None:
    (folder / "test_sample.py").write_text("import os\n\ndef test_ends(): os._exit(1)\n")
    done = run_pytest(folder, *PLUGINS, "--requirements-report=out/report.json", "-n", "1")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "1 failed" in done.stdout
    assert json.loads((folder / "out/report.json").read_text()) == {}


@pytest.mark.parametrize("line", ["Q-10", "T10", "T-", "t-02"])
def test_a_line_that_cannot_exist_fails_the_collection(folder: Path, line: str) -> None:
    (folder / "test_sample.py").write_text(MODULE.replace("X-08", line))
    done = run_pytest(folder, *PLUGINS)
    assert done.returncode == pytest.ExitCode.INTERRUPTED
    assert f"'{line}' is not a line of the requirements ledger" in done.stdout
