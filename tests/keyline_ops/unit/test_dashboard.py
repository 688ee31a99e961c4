"""The page of the dashboards: states, lines, dots and gaps, and nothing of another server."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from typer.testing import CliRunner

from keyline.errors import KeylineError
from keyline_ops.cli import app
from keyline_ops.dashboard import page
from keyline_ops.environment_dashboards import dashboards

VOID = {"meta", "wbr", "circle", "polyline"}
VALUES = st.lists(st.none() | st.floats(0, 1e12), max_size=60)


class Tags(HTMLParser):
    """The tags of a page, which all have to be closed, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def answer(*lines: tuple[str, Sequence[float | None]], state: str = "OK") -> dict[str, Any]:
    return {
        "environment": "local",
        "time": "2026-01-01T00:00:00+00:00",
        "states": [{"stack": "NotesData", "name": "Trouble/Alarm", "state": state}],
        "dashboards": [
            {
                "name": "notes-local",
                "graphs": [
                    {
                        "title": "Requests",
                        "lines": [{"label": label, "values": values} for label, values in lines],
                    }
                ],
            }
        ],
    }


@pytest.mark.parametrize(("state", "kind"), [("OK", "fine"), ("ALARM", "on")])
def test_a_state_says_which_alarm_it_is_of(state: str, kind: str) -> None:
    shown = Tags(page(answer(state=state)))
    assert {"class": f"state {kind}"} in shown.all("span")
    assert f"{state} NotesData/Trouble/Alarm" in shown.text


def test_a_line_has_gaps_and_a_dot_where_a_value_stands_alone() -> None:
    shown = Tags(page(answer(("count", [0, 10, None, 5]))))
    assert [each["points"] for each in shown.all("polyline")] == ["3.0,87.0 101.0,14.0"]
    assert [(each["cx"], each["cy"]) for each in shown.all("circle")] == [("297.0", "50.5")]
    assert "count: 5" in shown.text
    assert shown.all("svg")[0]["aria-label"] == "Requests: at most 10"


def test_what_was_not_measured_is_not_drawn() -> None:
    shown = Tags(page(answer(("count", [None, None]))))
    assert not shown.all("polyline") + shown.all("circle")
    assert "nothing measured" in shown.text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (304, "304"), (9833.2, "9,833"), (76.5914, "76.6"), (0.0042, "0.0042")],
)
def test_a_number_is_short(value: float, text: str) -> None:
    shown = page(answer(("count", [value])))
    assert f"</span> count: {text}</li>" in shown
    assert f'aria-label="Requests: at most {text}"' in shown


@example('<script>&"', [1.0])
@given(st.text(), VALUES)
def test_any_names_and_values_make_a_page_of_closed_tags_within_the_graph(
    name: str, values: list[float | None]
) -> None:
    shown = Tags(page(answer((name, values))))
    points = [p for each in shown.all("polyline") for p in str(each["points"]).split(" ")]
    points += [f"{each['cx']},{each['cy']}" for each in shown.all("circle")]
    for x, y in (point.split(",") for point in points):  # whole dots, of radius 2
        assert 2 <= float(x) <= 298
        assert 2 <= float(y) <= 88
    assert not shown.all("script") + shown.all("link") + shown.all("img")


def test_what_nobody_measured_is_said_and_has_no_states() -> None:
    shown = Tags(page({**answer(), "environment": "prod", "time": None, "states": []}))
    assert "Dashboards: prod" in shown.text
    assert "The local platform does not run" in shown.text
    assert "Alarms that join others" not in shown.text


def body(environment: str) -> str:
    metric = ["AWS/Lambda", "Errors", "FunctionName", f"notes-read-{environment}"]
    graph = {"type": "metric", "properties": {"title": "Requests", "metrics": [metric]}}
    return json.dumps({"widgets": [graph]})


def templates(environment: str) -> dict[str, Any]:
    properties = {"DashboardName": f"notes-{environment}", "DashboardBody": body(environment)}
    shown = {"Type": "AWS::CloudWatch::Dashboard", "Properties": properties}
    return {"Notes": {"Resources": {"Shown": shown}}}


def nothing_runs(*_: object) -> dict[str, Any]:
    raise KeylineError("local platform", "does not run.")


def test_an_environment_is_drawn_with_the_values_of_the_local_platform() -> None:
    measured = answer(("notes-read-local Errors Sum", [1.0, None]))
    found = dashboards("prod", lambda: templates("prod"), lambda: measured)
    line = {"label": "notes-read-prod Errors Average", "values": [1.0, None]}
    assert found == {
        "environment": "prod",
        "time": measured["time"],
        "states": measured["states"],
        "dashboards": [
            {"name": "notes-prod", "graphs": [{"title": "Requests", "lines": [line]}]},
        ],
    }


def test_a_graph_of_other_lines_than_the_local_one_has_no_values() -> None:
    measured = answer(("a", [1.0]), ("b", [2.0]))
    found = dashboards("prod", lambda: templates("prod"), lambda: measured)
    assert found["dashboards"][0]["graphs"][0]["lines"][0]["values"] == []


@pytest.mark.parametrize("environment", ["prod", "local"])
def test_an_environment_is_drawn_without_values_where_nothing_runs(environment: str) -> None:
    found = dashboards(environment, lambda: templates(environment), nothing_runs)
    assert (found["time"], found["states"]) == (None, [])
    assert found["dashboards"][0]["name"] == f"notes-{environment}"
    assert "nothing measured" in page(found)


def test_the_local_environment_is_what_the_platform_tells() -> None:
    def synthesized() -> dict[str, Any]:
        raise AssertionError("was synthesized")

    assert dashboards("local", synthesized, answer) == answer()


def test_the_command_writes_the_page_or_prints_the_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given_answer = answer(("count", [1.0]))
    monkeypatch.setattr("keyline_ops.running.ask_local", lambda *_: given_answer)
    file = tmp_path / "new" / "page.html"
    done = CliRunner().invoke(app, ["dashboard", "--html", str(file)])
    assert done.exit_code == 0, done.output
    assert done.output == f"1 dashboard in {file}.\n"
    assert file.read_text() == page(given_answer)
    done = CliRunner().invoke(app, ["dashboard", "--json"])
    assert json.loads(done.output) == given_answer


def test_the_command_draws_the_templates_of_an_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("keyline_ops.running.ask_local", nothing_runs)
    monkeypatch.setattr("keyline_ops.synth.up_to_date", lambda _: tmp_path)
    (tmp_path / "Notes.template.json").write_text(json.dumps(templates("prod")["Notes"]))
    file = tmp_path / "page.html"
    done = CliRunner().invoke(app, ["dashboard", "--environment", "prod", "--html", str(file)])
    assert done.exit_code == 0, done.output
    assert "without values: the local platform does not run" in done.output
    assert "notes-prod" in file.read_text()


def test_the_command_refuses_an_unknown_environment_and_suggests_one() -> None:
    done = CliRunner().invoke(app, ["dashboard", "--environment", "prid"])
    assert done.exit_code != 0
    assert "prod" in str(done.exception)


def test_the_command_refuses_a_folder_on_which_nothing_runs(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["dashboard", "--environment", "prod", "--state", str(tmp_path)])
    assert done.exit_code != 0
    assert str(tmp_path) in str(done.exception)
