"""Tests that share something dear run in one worker, or it would be made once in each.

pytest-xdist 3.8 groups tests by changing their names, which pytest 9.2 silently undoes
(pytest-dev/pytest-xdist#1386); so pytest is pinned.
"""

from __future__ import annotations

from pathlib import Path

from tests.support.inner_pytest import run_pytest

MODULE = """
import os, pathlib, pytest

@pytest.mark.xdist_group("one")
@pytest.mark.parametrize("number", range(8))
def test_grouped(number):
    with pathlib.Path("workers").open("a") as file:
        file.write(os.environ["PYTEST_XDIST_WORKER"] + "\\n")
"""


def test_a_group_runs_in_one_worker(tmp_path: Path) -> None:
    # Given grouped tests that note their worker
    (tmp_path / "test_sample.py").write_text(MODULE)

    # When two workers share them
    done = run_pytest(tmp_path, "-n", "2", "--dist", "loadgroup")

    # Then one of the two ran them all
    assert done.returncode == 0, done.stdout
    workers = (tmp_path / "workers").read_text().split()
    assert len(workers) == 8
    assert len(set(workers)) == 1
