"""EventBridge in the templates: buses, rules with a schedule, rules with an event pattern."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from keyline.model import schedule_expression
from keyline_local.cloudformation.properties import check_properties
from keyline_local.cloudformation.scalars import is_enabled
from keyline_local.cloudformation.targets import Receivers, check_schedule, target_of
from keyline_local.cloudformation.templates import Resource, Templates
from keyline_local.events.bus_names import DEFAULT, bus_name
from keyline_local.events.event_pattern import EventPattern
from keyline_local.host.errors import LocalPlatformError
from keyline_local.resources import EventRule, Schedule, Target

RULE = "AWS::Events::Rule"
BUS = "AWS::Events::EventBus"


def buses(templates: Templates) -> list[str]:
    """Return the names of the buses of the stacks."""

    def read(resource: Resource) -> str:
        check_properties(resource.type, templates.properties(resource), resource.path)
        return templates.identity(resource).ref

    return templates.read(read, BUS)


def bus_arns(templates: Templates, names: Sequence[str]) -> dict[str, str]:
    """Return the names of the buses by their ARNs, in each account and region of the stacks."""
    places = {(stack.region, stack.account) for stack in templates.assembly.stacks}
    return {
        f"arn:aws:events:{region}:{account}:event-bus/{name}": name
        for region, account in places
        for name in (DEFAULT, *names)
    }


def schedules(templates: Templates, receivers: Receivers) -> list[Schedule]:
    """Return the rules that have a schedule."""
    return templates.read(
        lambda rule: _schedule(templates, rule, receivers),
        RULE,
        other_than=lambda rule: "ScheduleExpression" not in rule.properties,
    )


def event_rules(templates: Templates, receivers: Receivers) -> list[EventRule]:
    """Return the rules that have an event pattern. A rule that has nothing is refused."""
    return templates.read(
        lambda rule: _event_rule(templates, rule, receivers),
        RULE,
        other_than=lambda rule: (
            "EventPattern" not in rule.properties and "ScheduleExpression" in rule.properties
        ),
    )


def _schedule(templates: Templates, rule: Resource, receivers: Receivers) -> Schedule:
    properties, identity = _checked(templates, rule), templates.identity(rule)
    expression = properties["ScheduleExpression"]
    with check_schedule(expression, rule.path, schedule_expression.SUGGESTION):
        schedule_expression.parse(expression)
    if (bus := _bus(properties)) != DEFAULT:
        raise LocalPlatformError(
            f"{rule.path}/Properties/EventBusName",
            f"only the default bus has schedules, not {bus}",
            "leave EventBusName out, or give the rule an EventPattern",
        )
    return Schedule(
        logical_id=rule.logical_id,
        name=_name(properties, identity.ref),
        arn=identity.attributes["Arn"],
        expression=expression,
        targets=_targets(properties, receivers, rule),
        enabled=_is_enabled(properties, rule),
    )


def _event_rule(templates: Templates, rule: Resource, receivers: Receivers) -> EventRule:
    properties, identity = _checked(templates, rule), templates.identity(rule)
    if "EventPattern" not in properties:
        raise LocalPlatformError(
            f"{rule.path}/Properties",
            "the rule has neither an EventPattern nor a ScheduleExpression",
            "give the rule one of them",
        )
    pattern, path = properties["EventPattern"], f"{rule.path}/Properties/EventPattern"
    try:
        EventPattern(pattern)
    except ValueError as error:
        raise LocalPlatformError(
            path, str(error), "see the comparison operators in the EventBridge user guide"
        ) from error
    return EventRule(
        logical_id=rule.logical_id,
        name=_name(properties, identity.ref),
        arn=identity.attributes["Arn"],
        # A bus of no stack is one of a partner or of another app: others put its events.
        bus=_bus(properties),
        pattern=pattern,
        targets=_targets(properties, receivers, rule),
        enabled=_is_enabled(properties, rule),
    )


def _checked(templates: Templates, rule: Resource) -> dict[str, Any]:
    properties = templates.properties(rule)
    check_properties(rule.type, properties, rule.path)
    return properties


def _bus(properties: Mapping[str, Any]) -> str:
    return bus_name(properties.get("EventBusName", DEFAULT))


def _name(properties: Mapping[str, Any], ref: str) -> str:
    """Return a rule's name: `Ref` of a rule of another bus has the bus before the name."""
    return str(properties.get("Name", ref.rpartition("|")[2]))


def _targets(properties: Mapping[str, Any], receivers: Receivers, rule: Resource) -> list[Target]:
    path = f"{rule.path}/Properties/Targets"
    return [target_of(each, receivers, path) for each in properties.get("Targets", [])]


def _is_enabled(properties: Mapping[str, Any], rule: Resource) -> bool:
    return is_enabled(properties.get("State", "ENABLED"), f"{rule.path}/Properties/State")
