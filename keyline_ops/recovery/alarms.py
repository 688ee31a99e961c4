"""The alarms of a system's stacks as the templates have them, against those that are deployed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keyline_deploy.names import stack_id, stack_name
from keyline_deploy.synthesized import Template
from keyline_ops.deployed import Deployed, translated
from keyline_ops.recovery.aspect import Compared, Drift, Unverified
from keyline_ops.recovery.expected import is_reference
from keyline_ops.recovery.sight import Clients

_ALARM, _COMPOSITE = "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"
_COMPARED = (
    "Threshold",
    "ComparisonOperator",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "TreatMissingData",
    "EvaluateLowSampleCountPercentile",
)
_WHAT = (
    "Namespace",
    "MetricName",
    "Dimensions",
    "Statistic",
    "ExtendedStatistic",
    "Period",
    "Unit",
)
_ACTIONS = ("AlarmActions", "OKActions")
_DEPLOY = "Deploy the stack: an alarm that is not there tells nobody."


def compare_alarms(
    templates: Mapping[str, Template], where: Deployed, system: str, clients: Clients
) -> Compared:
    """Compare the alarms of a system's stacks.

    Raises
    ------
    KeylineError
        If AWS refuses, or does not answer.
    """
    path = f"{system}.alarms"
    if where.is_local:
        why = "the local platform evaluates the alarms of its templates: `keyline alarms --live`."
        return Compared(path, (), (), (Unverified("alarms", why),))
    deployed = [*_deployed(clients("cloudwatch"), path)]
    verified: list[str] = []
    drifts: list[Drift] = []
    for alarm in _declared(templates, where, system):
        found = [*_differences(alarm, deployed)]
        drifts += found
        if not found:
            verified.append(alarm.id)
    return Compared(path, tuple(verified), tuple(drifts), ())


@dataclass(frozen=True)
class _Declared:
    """An alarm of a template.

    Attributes
    ----------
    stack, id
        The name of its stack, and its logical id there.
    """

    stack: str
    id: str
    given: Mapping[str, Any]

    def is_named(self, name: str) -> bool:
        """Return whether a deployed alarm is this one.

        CloudFormation makes the name of an alarm that is given none: `STACK-ID-RANDOM`.
        """
        own = self.given.get("AlarmName")
        return name == own if isinstance(own, str) else name.startswith(f"{self.stack}-{self.id}-")


def _declared(
    templates: Mapping[str, Template], where: Deployed, system: str
) -> Iterator[_Declared]:
    for part in ("data", "service"):
        name = stack_name(system, part, where.environment.name)
        resources = templates.get(stack_id(name), {"Resources": {}})["Resources"]
        for id, resource in resources.items():
            if resource["Type"] in (_ALARM, _COMPOSITE):
                yield _Declared(name, id, resource["Properties"])


def _deployed(client: Any, path: str) -> Iterator[Mapping[str, Any]]:
    with translated(path):
        pages = client.get_paginator("describe_alarms").paginate(
            AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
        for page in pages:
            yield from page.get("MetricAlarms", ())
            yield from page.get("CompositeAlarms", ())


def _differences(alarm: _Declared, deployed: Sequence[Mapping[str, Any]]) -> Iterator[Drift]:
    path, given = f"alarms.{alarm.id}", alarm.given
    found = next((each for each in deployed if alarm.is_named(each["AlarmName"])), None)
    if found is None:
        yield Drift(path, _named(given), None, _DEPLOY)
        return
    wanted, watched = _watched(given), _watched(found)
    if "AlarmRule" not in given and not _fits(wanted, watched):
        yield Drift(f"{path}.watches", wanted, watched, _DEPLOY)
    yield from _of_alarm(alarm.id, given, found)


def _of_alarm(id: str, given: Mapping[str, Any], each: Mapping[str, Any]) -> Iterator[Drift]:
    for name in _COMPARED:
        if name in given and given[name] != each.get(name):
            yield Drift(f"alarms.{id}.{name}", given[name], each.get(name), _DEPLOY)
    for name in _ACTIONS:
        wanted = [action for action in given.get(name, ()) if not is_reference(action)]
        missing = [action for action in wanted if action not in each.get(name, ())]
        if missing or len(given.get(name, ())) > len(each.get(name, ())):
            yield Drift(f"alarms.{id}.{name}", given[name], each.get(name), _DEPLOY)
    if each.get("ActionsEnabled") is False:
        said = "Turn the actions of the alarm on: somebody has turned them off."
        yield Drift(f"alarms.{id}.ActionsEnabled", True, False, said)


def _watched(alarm: Mapping[str, Any]) -> Any:
    """Return what an alarm watches, in one form, whatever the order of its parts is."""
    return _ordered({name: alarm.get(name) for name in (*_WHAT, "Metrics")})


def _ordered(value: Any) -> Any:
    if isinstance(value, Mapping) and not is_reference(value):
        parts = {name: _ordered(part) for name, part in value.items()}
        return {n: p for n, p in parts.items() if p not in (None, "", []) and _DEFAULTS.get(n) != p}
    if isinstance(value, list):
        return sorted(map(_ordered, value), key=_name_in_list)
    return value


_DEFAULTS = {"ReturnData": True}


def _name_in_list(part: Any) -> str:
    """Return what tells parts of a list apart: the id of a metric, the name of a dimension."""
    return str(part.get("Id", part.get("Name"))) if isinstance(part, Mapping) else str(part)


def _fits(declared: Any, deployed: Any) -> bool:
    """Return whether two values are the same, as far as the template knows them."""
    if is_reference(declared):
        return deployed is not None
    if isinstance(declared, Mapping) and isinstance(deployed, Mapping):
        return declared.keys() == deployed.keys() and all(
            _fits(declared[name], deployed[name]) for name in declared
        )
    if isinstance(declared, list) and isinstance(deployed, list):
        return len(declared) == len(deployed) and all(map(_fits, declared, deployed))
    return bool(declared == deployed)


def _named(given: Mapping[str, Any]) -> Any:
    return given.get("AlarmName") or given.get("AlarmDescription")
