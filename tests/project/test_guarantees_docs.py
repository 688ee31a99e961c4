"""The guarantees page names tests that there are, and operations that they run."""

from __future__ import annotations

import re

from keyline_deploy.project import ROOT
from tests.keyline.engine import test_lost_answers as lost

PAGE = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")


SHORT = {
    "keys": "keyline/engine/test_keys.py",
    "keytext": "keyline/unit/run/test_keytext.py",
}


def test_each_promise_names_a_test_that_there_is() -> None:
    promises = re.findall(
        r"^\| .* \| (`[^|]*`) \|$", PAGE.partition("## Writes whose")[0], re.MULTILINE
    )
    promises += re.findall(
        r"^\| .* \| (`[^|]*`) \|$", PAGE.partition("## Items from before")[2], re.MULTILINE
    )
    named = [name for promise in promises for name in re.findall(r"`([^`]+)`", promise)]
    assert len(promises) > 25
    for name in named:
        file, _, test = name.partition("::")
        source = (ROOT / "tests" / SHORT.get(file, file)).read_text(encoding="utf-8")
        assert not test or re.search(rf"(def|class) {test}\b", source), name


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
