"""The guarantees page names tests that there are, and operations that they run."""

from __future__ import annotations

import re
from pathlib import Path

from tests.engine.keyline import test_lost_answers as lost

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")


def test_each_write_whose_answer_is_lost_names_its_test() -> None:
    section = PAGE.partition("## Writes whose answer is lost")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| .*\| ([^|]*) \|$", section, re.MULTILINE)[1:]
    named = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    assert all("`" in row or "every case" in row for row in rows)
    files = {name for name in named if name.endswith(".py")}
    functions = {name for name in named if name.startswith("test_")}
    assert all((ROOT / name).is_file() for name in files)
    assert all(hasattr(lost, name) for name in functions)
    assert named - files - functions == set(lost.OPERATIONS)
