"""`keyline new` as a terminal runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import keyline


@pytest.fixture
def run(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the command on a small project; return what it printed."""
    monkeypatch.setattr("keyline_ops.commands.new.ROOT", project)

    def run(*arguments: str) -> str:
        assert keyline("new", *arguments, "--no-derive") == 0
        return capsys.readouterr().out

    return run


def test_it_tells_each_file_and_what_to_type_next(run: Any, project: Path) -> None:
    said = run("pushpins").splitlines()
    assert said[0] == "create  lambda_src/pushpins/__init__.py"
    assert "append  README.md" in said
    assert said[-3:] == [
        "  make up",
        "  TOKEN=$(make -s token)",
        '  curl -X POST http://localhost:3000/pushpins -H "Authorization: Bearer $TOKEN" '
        '-H "Content-Type: application/json" -d \'{"text": "Buy milk."}\'',
    ]
    assert (project / "lambda_src" / "pushpins" / "system.py").is_file()


def test_a_dry_run_lists_the_same_and_writes_nothing(run: Any, project: Path) -> None:
    before = sorted(project.rglob("*"))
    listed = run("pushpins", "--dry-run").splitlines()
    assert listed[-1] == "Nothing was written."
    assert sorted(project.rglob("*")) == before
    assert run("pushpins").splitlines()[: len(listed) - 2] == listed[:-2]


def test_a_second_run_says_that_nothing_was_written(run: Any) -> None:
    run("pushpins")
    said = run("pushpins").splitlines()
    assert said[-1] == "pushpins is complete. Nothing was written."
    assert {line.split()[0] for line in said[:-2]} == {"keep"}


def test_the_same_for_machines(run: Any) -> None:
    told = json.loads(
        run("sample_library", "--item", "book", "--title", "Books", "--dry-run", "--json")
    )
    files = told.pop("files")
    assert told.pop("next")[0] == "make up"
    assert told == {
        "system": "sample_library",
        "item": "book",
        "title": "Books",
        "stream": False,
        "port": 3000,
        "dry_run": True,
        "changes": True,
    }
    assert {"path": "lambda_src/sample_library/tables.py", "action": "create"} in files
    assert {"path": "README.md", "action": "append"} in files
