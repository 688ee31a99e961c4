"""The graphs of the dashboards of a template, from what the platform has measured."""

from __future__ import annotations

import json
from typing import Any

from keyline_local.host.clock import Clock
from keyline_local.services.dashboards import SHOWN_MINUTES, Dashboard, Graph, Line, dashboards_of
from keyline_local.services.metric_store import MetricStore

BEGAN = 1_767_225_600.0
MINUTE = int(BEGAN // 60)
FUNCTION = ["AWS/Lambda", "Errors", "FunctionName"]


def widget(title: str, *rows: Any, kind: str = "metric") -> dict[str, Any]:
    return {"type": kind, "properties": {"title": title, "metrics": list(rows)}}


def template(*widgets: dict[str, Any]) -> dict[str, Any]:
    """A template whose body of a dashboard is joined from texts and a reference, as CDK does."""
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


def drawn(*widgets: dict[str, Any], minutes: int = 3) -> list[Dashboard]:
    """The dashboards after values in minutes 0 and 2, each told of another number of requests."""
    clock = Clock(lambda: BEGAN)
    store = MetricStore(clock)
    for value in (1, 4):
        store.add("AWS/ApiGateway", "Count", value, ApiId="Api1")
    clock.move_to(BEGAN + 120)
    store.add("AWS/ApiGateway", "Count", 7, ApiId="Api1")
    return dashboards_of({"Notes": template(*widgets)}, store, MINUTE + minutes)


def test_a_line_has_a_value_by_the_minute_and_the_name_of_its_api() -> None:
    line = Line("notes-local Count Sum", [5, None, 7])
    assert drawn(widget("Requests", requests())) == [
        Dashboard("notes", [Graph("Requests", [line])])
    ]


def test_a_line_keeps_its_own_label_and_statistic() -> None:
    found = drawn(widget("Requests", requests(label="most", stat="Maximum")))
    assert found[0].graphs[0].lines == [Line("most", [4, None, 7])]


def test_the_minute_that_is_not_over_is_not_shown() -> None:
    found = drawn(widget("Requests", requests()), minutes=2)
    assert found[0].graphs[0].lines[0].values == [5, None]


def test_a_graph_reaches_back_an_hour() -> None:
    found = drawn(widget("Requests", requests()), minutes=SHOWN_MINUTES + 2)
    values = found[0].graphs[0].lines[0].values
    assert len(values) == SHOWN_MINUTES
    assert (values[0], set(values[1:])) == (7, {None})


def test_texts_and_expressions_are_no_lines() -> None:
    expression = [{"expression": "m1 / m2", "label": "share"}]
    unmeasured = [*FUNCTION, "read", {"stat": "Sum"}]
    found = drawn(
        widget("About @", kind="text"),
        widget("Errors", expression, unmeasured),
    )
    line = Line("read Errors Sum", [None, None, None])
    assert found[0].graphs == [Graph("Errors", [line])]


def test_a_template_without_dashboards_has_none() -> None:
    assert dashboards_of({"Notes": {"Resources": {}}}, MetricStore(), MINUTE) == []
