"""The alarms of synthesized templates, with literal values that the evaluator can read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keyline.errors import KeylineError
from keyline_deploy.alarm_rules import RUNBOOK
from keyline_deploy.alarms.model import Alarm, MetricAlarm
from keyline_deploy.alarms.properties import alarm_of

_KINDS = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
_PATH = "aws:cdk:path"
_COMPARED = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": ">=",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "<=",
}


@dataclass(frozen=True)
class TemplateAlarm:
    """An alarm of a template.

    Attributes
    ----------
    logical_id, name
        What the template calls it, and where it is in its stack: `Orders/Alarms/ReadThrottles`.
    alarm
        What is evaluated. A dimension whose value CloudFormation gives out, such as the id of an
        API, has the reference to it as its value.
    meaning, runbook
        What it means, and the page that says what to do.
    tells
        Whether somebody is told when it goes off.
    """

    stack: str
    logical_id: str
    name: str
    properties: Mapping[str, Any]
    alarm: Alarm
    meaning: str
    runbook: str
    tells: bool

    @property
    def when(self) -> str:
        """Return when it goes off: `> 0 in 5 of 7 periods of 60 s`."""
        alarm = self.alarm
        if not isinstance(alarm, MetricAlarm):
            return "ALARM in one of them"
        compared = _COMPARED[self.properties["ComparisonOperator"]]
        needed, of = alarm.datapoints_to_alarm, alarm.evaluation_periods
        return f"{compared} {alarm.threshold:g} in {needed} of {of} periods of {alarm.period} s"


def alarms_of(stack: str, template: Mapping[str, Any]) -> list[TemplateAlarm]:
    """Return the alarms of a stack's template, in order of its resources.

    Raises
    ------
    KeylineError
        If an alarm cannot be evaluated.
    """
    return [
        _alarm(stack, logical_id, resource)
        for logical_id, resource in template.get("Resources", {}).items()
        if resource["Type"] in _KINDS
    ]


def _alarm(stack: str, logical_id: str, resource: Mapping[str, Any]) -> TemplateAlarm:
    given = literal(resource["Properties"])
    described = str(given.get("AlarmDescription", ""))
    found = RUNBOOK.search(described)
    try:
        alarm = alarm_of(given)
    except KeylineError as error:
        where = f"{stack}.{logical_id}.{error.path}"
        raise KeylineError(where, error.message, error.suggestion) from error
    return TemplateAlarm(
        stack=stack,
        logical_id=logical_id,
        name=_name(logical_id, resource),
        properties=given,
        alarm=alarm,
        meaning=described[: found.start()].strip() if found else described,
        runbook=found[0].removeprefix("Runbook: ") if found else "",
        tells=bool(given.get("AlarmActions")),
    )


def _name(logical_id: str, resource: Mapping[str, Any]) -> str:
    path: str = resource.get("Metadata", {}).get(_PATH, f"/{logical_id}/")
    return "/".join(path.split("/")[1:-1])


def literal(value: Any) -> Any:
    """Return a value in which each reference is a text: mostly the logical id."""
    if isinstance(value, Mapping):
        match value:
            case {"Ref": str(logical_id)}:
                return logical_id
            case {"Fn::GetAtt": [str(logical_id), str(_)]}:
                return logical_id
            case {"Fn::Join": [str(between), [*parts]]}:
                return between.join(str(literal(part)) for part in parts)
        if len(value) == 1 and next(iter(value)).startswith("Fn::"):
            return json.dumps(value, sort_keys=True)
        return {name: literal(member) for name, member in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [literal(member) for member in value]
    return value
