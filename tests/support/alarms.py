"""The alarms of synthesized templates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.support.templates import Template, Templates, resources

ALARM = "AWS::CloudWatch::Alarm"
Alarm = dict[str, Any]


def alarms(templates: Templates, environment: str, stack: str = "") -> list[Alarm]:
    return [
        alarm
        for name, template in templates(environment).items()
        if name.startswith(stack)
        for alarm in resources(template, ALARM).values()
    ]


def composites(template: Template) -> list[Alarm]:
    return list(resources(template, "AWS::CloudWatch::CompositeAlarm").values())


def metrics(alarm: Alarm) -> Iterator[dict[str, Any]]:
    if "MetricName" in alarm:
        yield alarm
    for query in alarm.get("Metrics", []):
        if "MetricStat" in query:
            yield query["MetricStat"]["Metric"]


def dimensions(metric: dict[str, Any]) -> dict[str, Any]:
    return {d["Name"]: d["Value"] for d in metric.get("Dimensions", [])}


def named(found: list[Alarm], metric: str) -> list[Alarm]:
    """Return the alarms on one metric, as if those that fill its gaps named it themselves."""
    return [one for one in map(_flat, found) if one.get("MetricName") == metric]


def _flat(alarm: Alarm) -> Alarm:
    stats = [query["MetricStat"] for query in alarm.get("Metrics", []) if "MetricStat" in query]
    if len(stats) != 1:
        return alarm
    (stat,) = stats
    return {**alarm, **stat["Metric"], "Period": stat["Period"], "Statistic": stat["Stat"]}
