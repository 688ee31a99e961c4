"""`keyline alarms --live`: the states of the alarms on the local platform."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from keyline_ops import running
from keyline_ops.cli import app

FOUND: list[dict[str, Any]] = [
    {
        "stack": "Notes",
        "name": "ReadErrors",
        "state": "ALARM",
        "since": "2026-01-01T00:00:00+00:00",
        "runbook": "docs/runbooks/alarms.md#a-function-fails",
        "told": None,
    },
    {"stack": "Notes", "name": "Latency", "state": "OK", "since": None, "runbook": ""},
    {"stack": "Notes", "name": "New", "state": "INSUFFICIENT_DATA", "since": None, "runbook": ""},
]


def said(monkeypatch: pytest.MonkeyPatch, found: list[dict[str, Any]], *options: str) -> str:
    monkeypatch.setattr(running, "ask_local", lambda *_, **__: found)
    run = CliRunner().invoke(app, ["alarms", "--live", *options], catch_exceptions=False)
    assert run.exit_code == 0
    return run.output


def test_it_shows_what_is_on_and_counts_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = said(monkeypatch, FOUND)
    assert "ReadErrors" in shown
    assert "docs/runbooks/alarms.md#a-function-fails" in shown
    assert "Latency" not in shown
    assert "New" not in shown
    assert shown.splitlines()[-1] == "3 alarms: 1 ALARM, 1 INSUFFICIENT_DATA, 1 OK"


def test_as_json_it_says_all(monkeypatch: pytest.MonkeyPatch) -> None:
    assert json.loads(said(monkeypatch, FOUND, "--json")) == FOUND
