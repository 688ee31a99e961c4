"""The graphs of the dashboards of a template, from what the platform has measured."""

from __future__ import annotations

import json
from typing import Any

from keyline_local.host.clock import Clock
from keyline_local.services.dashboards import SHOWN_MINUTES, measured_dashboards
from keyline_local.services.metric_store import MetricStore

BEGAN = 1_767_225_600.0
MINUTE = int(BEGAN // 60)
FUNCTION = ["AWS/Lambda", "Errors", "FunctionName"]


def widget(title: str, *rows: Any, kind: str = "metric") -> dict[str, Any]:
    return {"type": kind, "properties": {"title": title, "metrics": list(rows)}}


def template(*widgets: dict[str, Any]) -> dict[str, Any]:
    """Return a template whose dashboard is joined from texts and a reference, as CDK does."""
    before, after = json.dumps({"widgets": widgets}).split("@")
    return {
        "Resources": {
            "Api1": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "notes-local"}},
            "Shown": {
                "Type": "AWS::CloudWatch::Dashboard",
                "Properties": {
                    "DashboardName": "notes",
                    "DashboardBody": {"Fn::Join": ["", [before, {"Ref": "Api1"}, after]]},
                },
            },
        }
    }


def requests(**options: Any) -> list[Any]:
    return ["AWS/ApiGateway", "Count", "ApiId", "@", {"stat": "Sum", **options}]


def drawn(*widgets: dict[str, Any], minutes: int = 3) -> list[dict[str, Any]]:
    """Return the graphs after values in minutes 0 and 2, each with its number of requests."""
    clock = Clock(lambda: BEGAN)
    store = MetricStore(clock)
    for value in (1, 4):
        store.add("AWS/ApiGateway", "Count", value, ApiId="Api1")
    clock.move_to(BEGAN + 120)
    store.add("AWS/ApiGateway", "Count", 7, ApiId="Api1")
    templates = {"Notes": template(*widgets)}
    (found,) = measured_dashboards(templates, store, MINUTE + minutes)
    assert found["name"] == "notes"
    graphs: list[dict[str, Any]] = found["graphs"]
    return graphs


def line(label: str, *values: float | None) -> dict[str, Any]:
    return {"label": label, "values": list(values)}


def test_a_line_has_a_value_by_the_minute_and_the_name_of_its_api() -> None:
    assert drawn(widget("Requests", requests())) == [
        {"title": "Requests", "lines": [line("notes-local Count Sum", 5, None, 7)]}
    ]


def test_a_line_keeps_its_own_label_and_statistic() -> None:
    (graph,) = drawn(widget("Requests", requests(label="most", stat="Maximum")))
    assert graph["lines"] == [line("most", 4, None, 7)]


def test_the_minute_that_is_not_over_is_not_shown() -> None:
    (graph,) = drawn(widget("Requests", requests()), minutes=2)
    assert graph["lines"][0]["values"] == [5, None]


def test_a_graph_reaches_back_an_hour() -> None:
    (graph,) = drawn(widget("Requests", requests()), minutes=SHOWN_MINUTES + 2)
    values = graph["lines"][0]["values"]
    assert len(values) == SHOWN_MINUTES
    assert (values[0], set(values[1:])) == (7, {None})


def test_an_expression_is_drawn_and_what_only_feeds_it_is_not() -> None:
    hidden = requests(id="m1", visible=False)
    double = [{"expression": "SUM([m1, m1])", "label": "double"}]
    (graph,) = drawn(widget("Requests", double, hidden))
    assert graph["lines"] == [line("double", 10, None, 14)]


def test_texts_and_what_is_not_evaluated_are_not_lines() -> None:
    search = [{"expression": "SEARCH('{AWS/Lambda} Errors', 'Sum')", "label": "all"}]
    damaged = [{"expression": "m1 +", "label": "share"}]
    trimmed = [*FUNCTION, "write", {"stat": "TM(10%:90%)"}]
    unmeasured = [*FUNCTION, "read", {"stat": "Sum"}]
    graphs = drawn(
        widget("About @", kind="text"),
        widget("Errors", search, damaged, trimmed, unmeasured),
    )
    assert graphs == [{"title": "Errors", "lines": [line("read Errors Sum", None, None, None)]}]


def test_a_template_without_dashboards_has_none() -> None:
    templates: dict[str, dict[str, Any]] = {"Notes": {"Resources": {}}}
    assert list(measured_dashboards(templates, MetricStore(), MINUTE)) == []
