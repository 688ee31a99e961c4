"""Scheduled EventBridge rules of the templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keyline_local.cloudformation.http_apis import function_of
from keyline_local.cloudformation.named import Named
from keyline_local.cloudformation.properties import check_properties
from keyline_local.cloudformation.templates import Resource, Templates
from keyline_local.host.errors import LocalPlatformError
from keyline_local.resources import Function, Schedule

RULE = "AWS::Events::Rule"


def schedules(templates: Templates, functions: Named[Function]) -> list[Schedule]:
    """Return the rules with what they invoke."""
    return templates.read(lambda rule: _schedule(templates, rule, functions), RULE)


def _schedule(templates: Templates, rule: Resource, functions: Named[Function]) -> Schedule:
    properties, identity = templates.properties(rule), templates.identity(rule)
    check_properties(rule.type, properties, rule.path)
    return Schedule(
        logical_id=rule.logical_id,
        name=identity.ref,
        arn=identity.attributes["Arn"],
        expression=properties["ScheduleExpression"],
        targets=[_target(t, functions, rule.path) for t in properties.get("Targets", [])],
        enabled=properties.get("State", "ENABLED") == "ENABLED",
    )


def _target(
    target: Mapping[str, Any], functions: Named[Function], path: str
) -> tuple[str, str | None]:
    # A dead-letter queue and a retry policy act when a call is refused, which the
    # platform's own call to a function of its own is not.
    unknown = sorted(set(target) - {"Id", "Arn", "Input", "RetryPolicy", "DeadLetterConfig"})
    if unknown:
        raise LocalPlatformError(
            f"{path}/Properties/Targets",
            f"the local platform does not support {', '.join(unknown)} of a rule's target",
            "give the target a constant Input",
        )
    if ":function:" not in target["Arn"]:
        raise LocalPlatformError(
            f"{path}/Properties/Targets",
            f"the local platform's rules invoke functions, not {target['Arn']}",
            "have the rule invoke a function, which does the rest",
        )
    function = function_of(target["Arn"], functions, f"{path}/Properties/Targets")
    return function.name, target.get("Input")
