"""Rules for alarms: that they can fire, watch what is there, and help who is paged."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from keyline_deploy.metric_catalogue import MAX_METRICS, MetricCatalogue
from keyline_deploy.synthesized import Template

Properties = Mapping[str, Any]

Fault = tuple[str, str, str, str]
"""Rule, path, message and suggestion; who reads the template adds the resource."""

TREATMENTS = ("notBreaching", "breaching")
"""What may be said of missing data: silence is health, or silence is the failure."""

RUNBOOK = re.compile(r"Runbook: (?P<page>(?:https://)?[\w./~-]+\.md)(?:#(?P<section>[\w-]+))?$")
"""How the description of an alarm ends: the page that says what to do."""

_ATTRIBUTE_OF = re.compile(r'"Fn::GetAtt": \["(\w+)", "Arn"\]')
"""How a rule refers to an alarm of its own template."""

_RULE_CHARACTERS = 10_240
"""Length of the rule of a composite alarm (CloudWatch API reference, PutCompositeAlarm)."""

_REFERENCE_CHARACTERS = 150
"""What an alarm takes at most: its ARN with a name that CloudFormation makes, and `ALARM() OR`."""

LATEST_SECONDS = 120
"""How late a sample is seen at most."""

_SILENT_PERIODS = 2
"""How many periods without data are silence: one may be late."""


def spare_periods(seconds: int) -> int:
    """Return how many periods more than must be breaching are looked at where data is filled.

    FILL makes 0 of a data point that is only late, so that an alarm on the newest periods alone
    never fires. Use M out of N (CloudWatch user guide, "Functions supported for metric math",
    FILL).

    Parameters
    ----------
    seconds
        The period of the alarm.
    """
    return math.ceil(LATEST_SECONDS / seconds)


def joined_alarms(template: Template) -> frozenset[str]:
    """Return the logical ids of the alarms that a composite alarm of the template tells of."""
    rules = [
        resource["Properties"]["AlarmRule"]
        for resource in template.get("Resources", {}).values()
        if resource["Type"] == "AWS::CloudWatch::CompositeAlarm"
    ]
    return frozenset(_ATTRIBUTE_OF.findall(json.dumps(rules)))


def composite_faults(properties: Properties, *, is_joined: bool = False) -> Iterator[Fault]:
    """Yield what is wrong with a composite alarm; another one may tell of it."""
    children = len(_ATTRIBUTE_OF.findall(json.dumps(properties["AlarmRule"])))
    if children * _REFERENCE_CHARACTERS > _RULE_CHARACTERS:
        yield (
            "alarm-rule",
            "AlarmRule",
            f"joins {children} alarms, more than fit into {_RULE_CHARACTERS:,} characters.",
            "Make two of it.",
        )
    if not is_joined:
        yield from _actions(properties)
    yield from _description(properties)


def alarm_faults(
    properties: Properties, catalogue: MetricCatalogue, *, is_joined: bool = False
) -> Iterator[Fault]:
    """Yield what is wrong with an alarm by itself.

    Parameters
    ----------
    is_joined
        Whether a composite alarm tells of it, so that it need tell nobody by itself.
    """
    if not is_joined:
        yield from _actions(properties)
    yield from _description(properties)
    if properties.get("TreatMissingData") not in TREATMENTS:
        yield (
            "alarm-missing-data",
            "TreatMissingData",
            "does not say what silence means.",
            f"Use one of: {', '.join(TREATMENTS)}.",
        )
    queries = properties.get("Metrics", [])
    if len(queries) > MAX_METRICS:
        yield (
            "alarm-metrics",
            "Metrics",
            f"has {len(queries)} entries; an alarm takes {MAX_METRICS}.",
            "Split it into several alarms.",
        )
    for metric, path, statistic in watched_metrics(properties):
        yield from _metric(metric, path, statistic, catalogue)
    for number, query in enumerate(queries):
        if "Expression" in query:
            path = f"Metrics[{number}].Expression"
            yield from _expression(query["Expression"], queries, path)
    if any("FILL(" in query.get("Expression", "") for query in queries):
        yield from _filled(properties)


def watched_metrics(properties: Properties) -> Iterator[tuple[Properties, str, str]]:
    """Yield each metric of an alarm with its path, and the statistic that is watched."""
    if "MetricName" in properties:
        statistic = properties.get("Statistic") or properties.get("ExtendedStatistic", "")
        yield properties, "", statistic
    for number, query in enumerate(properties.get("Metrics", [])):
        if "MetricStat" in query:
            stat = query["MetricStat"]
            yield stat["Metric"], f"Metrics[{number}].MetricStat.Metric.", stat["Stat"]


def period_of(properties: Properties) -> int:
    """Return the seconds of an alarm's periods."""
    found: int = properties.get("Period") or next(
        query["MetricStat"]["Period"] for query in properties["Metrics"] if "MetricStat" in query
    )
    return found


def _actions(properties: Properties) -> Iterator[Fault]:
    for actions, when in (("AlarmActions", "goes off"), ("OKActions", "is over")):
        if not properties.get(actions):
            yield "alarm-action", actions, f"tells nobody when it {when}.", "Add the alarm topic."


def _description(properties: Properties) -> Iterator[Fault]:
    if not RUNBOOK.search(properties.get("AlarmDescription", "")):
        yield (
            "alarm-runbook",
            "AlarmDescription",
            "does not end with the page that says what to do.",
            "Write `Runbook: docs/runbooks/alarms.md#section` at its end.",
        )


def _metric(
    metric: Properties, path: str, statistic: str, catalogue: MetricCatalogue
) -> Iterator[Fault]:
    namespace, name = metric["Namespace"], metric["MetricName"]
    message = catalogue.fault(namespace, name, [d["Name"] for d in metric.get("Dimensions", [])])
    if message:
        yield (
            "alarm-dimensions",
            f"{path}Dimensions",
            f"{message} The alarm would never have data.",
            "Take a metric from keyline_cdk.metrics.",
        )
    elif message := catalogue.statistic_fault(namespace, name, statistic):
        yield (
            "alarm-statistic",
            f"{path}Statistic",
            f"means nothing: {message}",
            "Take a metric from keyline_cdk.metrics.",
        )


def _expression(expression: str, queries: Iterable[Properties], path: str) -> Iterator[Fault]:
    for query in queries:
        if "MetricStat" in query and f"FILL({query['Id']}," not in expression:
            yield (
                "alarm-fill",
                path,
                f"has no value while {query['Id']} has none.",
                f"Write FILL({query['Id']}, 0).",
            )


def _filled(properties: Properties) -> Iterator[Fault]:
    periods = properties["EvaluationPeriods"]
    needed = properties.get("DatapointsToAlarm", periods)
    if properties.get("ComparisonOperator", "").startswith("LessThan"):
        if needed < _SILENT_PERIODS:
            yield (
                "alarm-late-data",
                "DatapointsToAlarm",
                "is 1: data that is late is filled with 0, and the alarm goes off.",
                f"Use {_SILENT_PERIODS} periods or more.",
            )
    elif needed + (spare := spare_periods(period_of(properties))) > periods:
        yield (
            "alarm-late-data",
            "DatapointsToAlarm",
            f"is {needed} of {periods}: data that is late is filled with 0, and it never fires.",
            f"Use {needed} of {needed + spare}.",
        )


# ------------------------------------------------------------------------- what is watched

_NAMES: Mapping[str, tuple[str, str]] = {
    "AWS::DynamoDB::GlobalTable": ("TableName", "TableName"),
    "AWS::Lambda::Function": ("FunctionName", "FunctionName"),
    "AWS::SQS::Queue": ("QueueName", "QueueName"),
    "AWS::SNS::Topic": ("TopicName", "TopicName"),
    "AWS::Events::Rule": ("Name", "RuleName"),
}
"""Type of a resource to the property with its name and the dimension that has the name."""

_REFERRED: Mapping[str, str] = {"AWS::ApiGatewayV2::Api": "ApiId"}
"""Type of a resource to the dimension that has its id, which CloudFormation gives out."""

_INDEX = "GlobalSecondaryIndexName"


class Watchable:
    """The resources in the templates of an app that an alarm can watch.

    Parameters
    ----------
    environment
        The name of the environment, which our own metrics have as a dimension.
    """

    def __init__(self, templates: Iterable[Template], environment: str) -> None:
        self._known: dict[str, set[str]] = {"Environment": {environment}, _INDEX: set()}
        for dimension in (*(dimension for _, dimension in _NAMES.values()), *_REFERRED.values()):
            self._known[dimension] = set()
        for template in templates:
            for logical_id, resource in template.get("Resources", {}).items():
                self._add(logical_id, resource["Type"], resource.get("Properties", {}))

    def _add(self, logical_id: str, kind: str, properties: Properties) -> None:
        if kind in _NAMES:
            own, dimension = _NAMES[kind]
            self._known[dimension].add(properties.get(own, ""))
        if kind in _REFERRED:
            self._known[_REFERRED[kind]].add(_text({"Ref": logical_id}))
        for index in properties.get("GlobalSecondaryIndexes", []):
            self._known[_INDEX].add(f"{properties['TableName']}/{index['IndexName']}")

    def faults(self, properties: Properties) -> Iterator[Fault]:
        """Yield the dimensions of an alarm whose value is of nothing that the app has."""
        for metric, path, _ in watched_metrics(properties):
            values = {d["Name"]: _text(d["Value"]) for d in metric.get("Dimensions", [])}
            for name, value in values.items():
                given = f"{values.get('TableName')}/{value}" if name == _INDEX else value
                if given not in self._known.get(name, {given}):
                    yield (
                        "alarm-target",
                        f"{path}Dimensions",
                        f"names the {name} {value}, which the app does not have.",
                        "Take the name from the construct that is watched.",
                    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
