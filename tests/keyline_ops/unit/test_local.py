"""`keyline local`: what a command asks the running platform, and what it prints."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer import BadParameter
from typer.testing import CliRunner

from keyline_ops import running
from keyline_ops.cli import app
from keyline_ops.durations import seconds, told

FAULT = {"kind": "throttle", "name": "Notes-local", "until": "2026-01-01T00:05:00+00:00"}
MOVED = {
    "time": "2026-01-01T00:05:00+00:00",
    "ahead": 300.2,
    "changed": [{"stack": "Notes", "name": "Errors", "state": "ALARM", "runbook": "page.md"}],
}


class Platform:
    """Answers one thing, and remembers what it was asked."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str, Any]] = []

    def __call__(self, _: Any, __: Any, method: str, path: str, **more: Any) -> Any:
        self.asked.append((method, path, more["params"]))
        return self.answer


def run(monkeypatch: pytest.MonkeyPatch, answer: Any, *arguments: str) -> tuple[Platform, str, int]:
    platform = Platform(answer)
    monkeypatch.setattr(running, "ask_local", platform)
    done = CliRunner().invoke(app, ["local", *arguments])
    return platform, done.output, done.exit_code


@pytest.mark.parametrize("kind", ["throttle", "crash", "pause"])
def test_a_fault_begins_for_a_time(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    platform, output, _ = run(monkeypatch, FAULT, kind, "Notes")
    assert platform.asked == [("POST", f"/faults/{kind}", {"name": "Notes", "seconds": "300"})]
    assert "throttle of Notes-local until 2026-01-01 00:05:00 UTC." in output
    platform, output, _ = run(monkeypatch, FAULT, kind, "Notes", "--for", "2h", "--json")
    assert platform.asked[0][2]["seconds"] == "7200"
    assert json.loads(output) == FAULT


def test_faults_end_by_name_or_all(monkeypatch: pytest.MonkeyPatch) -> None:
    platform, output, _ = run(monkeypatch, [FAULT], "resume", "Notes")
    assert platform.asked == [("DELETE", "/faults", {"name": "Notes"})]
    assert output == "throttle of Notes-local has ended.\n"
    platform, output, _ = run(monkeypatch, [], "resume")
    assert platform.asked == [("DELETE", "/faults", {})]
    assert output == "Nothing goes wrong on purpose.\n"


def test_time_is_moved_and_it_says_which_alarms_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    platform, output, _ = run(monkeypatch, MOVED, "advance", "5m")
    assert platform.asked == [("POST", "/time", {"seconds": "300"})]
    assert "It is 2026-01-01 00:05:00 UTC on the platform, 0:05:00 ahead" in output
    assert "Notes/Errors is ALARM: page.md" in output


def test_what_is_not_a_duration_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    platform, output, code = run(monkeypatch, MOVED, "advance", "soon")
    assert (platform.asked, code) == ([], 2)
    assert "soon is not a duration" in output


@given(st.lists(st.tuples(st.integers(0, 10**9 - 1), st.sampled_from("smhd")), min_size=1))
def test_a_duration_is_the_sum_of_its_parts(parts: list[tuple[int, str]]) -> None:
    each = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
    text = "".join(f"{number}{unit}" for number, unit in parts)
    total = sum(number * each[unit] for number, unit in parts)
    if 0 < total <= 400 * 86_400:
        assert seconds(text) == total
    else:
        with pytest.raises(BadParameter):
            seconds(text)


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "-5m", "5m!", "1.5h"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(BadParameter):
        seconds(text)


@given(st.integers(1, 400 * 24 * 60))
def test_minutes_are_told_so_that_they_can_be_read_back(minutes: int) -> None:
    read = seconds(told(minutes).replace(" ", "").replace("min", "m"))
    assert read == minutes * 60
