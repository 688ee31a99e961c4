"""EventBridge in the templates: buses, rules with a schedule, rules with an event pattern."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from keyline_local.cloudformation.properties import check_properties
from keyline_local.cloudformation.targets import Receivers, target_of
from keyline_local.cloudformation.templates import Resource, Templates
from keyline_local.events.bus_names import DEFAULT, bus_name
from keyline_local.events.event_pattern import EventPattern
from keyline_local.host.errors import LocalPlatformError
from keyline_local.resources import EventRule, Schedule, Target

RULE = "AWS::Events::Rule"
BUS = "AWS::Events::EventBus"

_CONNECTED = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


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
    """Return the rules that have an event pattern."""
    return templates.read(
        lambda rule: _event_rule(templates, rule, receivers),
        RULE,
        other_than=lambda rule: "EventPattern" not in rule.properties,
    )


def _schedule(templates: Templates, rule: Resource, receivers: Receivers) -> Schedule:
    properties, identity = _checked(templates, rule), templates.identity(rule)
    return Schedule(
        logical_id=rule.logical_id,
        name=_name(properties, identity.ref),
        arn=identity.attributes["Arn"],
        expression=properties["ScheduleExpression"],
        targets=_targets(properties, receivers, rule),
        enabled=_is_enabled(properties),
    )


def _event_rule(templates: Templates, rule: Resource, receivers: Receivers) -> EventRule:
    properties, identity = _checked(templates, rule), templates.identity(rule)
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
        bus=bus_name(properties.get("EventBusName", DEFAULT)),
        pattern=pattern,
        targets=_targets(properties, receivers, rule),
        enabled=_is_enabled(properties),
    )


def _checked(templates: Templates, rule: Resource) -> dict[str, Any]:
    properties = templates.properties(rule)
    check_properties(rule.type, properties, rule.path)
    return properties


def _name(properties: Mapping[str, Any], ref: str) -> str:
    """Return a rule's name: `Ref` of a rule of another bus has the bus before the name."""
    return str(properties.get("Name", ref.rpartition("|")[2]))


def _targets(properties: Mapping[str, Any], receivers: Receivers, rule: Resource) -> list[Target]:
    path = f"{rule.path}/Properties/Targets"
    return [target_of(each, receivers, path) for each in properties.get("Targets", [])]


def _is_enabled(properties: Mapping[str, Any]) -> bool:
    return properties.get("State", "ENABLED") in ("ENABLED", _CONNECTED)
