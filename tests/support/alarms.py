"""The alarms of synthesized templates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.support.templates import Templates, resources

ALARM = "AWS::CloudWatch::Alarm"
Alarm = dict[str, Any]


def alarms(templates: Templates, environment: str, stack: str = "") -> list[Alarm]:
    return [
        alarm
        for name, template in templates(environment).items()
        if name.startswith(stack)
        for alarm in resources(template, ALARM).values()
    ]


def metrics(alarm: Alarm) -> Iterator[dict[str, Any]]:
    if "MetricName" in alarm:
        yield alarm
    for query in alarm.get("Metrics", []):
        if "MetricStat" in query:
            yield query["MetricStat"]["Metric"]


def dimensions(metric: dict[str, Any]) -> dict[str, Any]:
    return {d["Name"]: d["Value"] for d in metric.get("Dimensions", [])}


def named(found: list[Alarm], metric: str) -> list[Alarm]:
    return [alarm for alarm in found if alarm.get("MetricName") == metric]
