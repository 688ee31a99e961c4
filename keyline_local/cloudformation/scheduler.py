"""Schedules of EventBridge Scheduler in the templates."""

from __future__ import annotations

from keyline_local.cloudformation.properties import check_properties
from keyline_local.cloudformation.scalars import is_enabled
from keyline_local.cloudformation.targets import Receivers, check_schedule, target_of
from keyline_local.cloudformation.templates import Resource, Templates
from keyline_local.events import schedule_times
from keyline_local.resources import Schedule

SCHEDULE = "AWS::Scheduler::Schedule"
GROUP = "AWS::Scheduler::ScheduleGroup"

_SUGGESTION = "write rate(5 minutes), cron(0 3 * * ? *) or at(2027-01-31T08:00:00)"


def schedules(templates: Templates, receivers: Receivers) -> list[Schedule]:
    """Return the schedules with what they send to."""
    return templates.read(lambda resource: _schedule(templates, resource, receivers), SCHEDULE)


def _schedule(templates: Templates, resource: Resource, receivers: Receivers) -> Schedule:
    properties, identity = templates.properties(resource), templates.identity(resource)
    check_properties(resource.type, properties, resource.path)
    expression = properties["ScheduleExpression"]
    timezone = properties.get("ScheduleExpressionTimezone", "UTC")
    path = f"{resource.path}/Properties"
    with check_schedule(expression, resource.path, _SUGGESTION):
        schedule_times.parse(expression, timezone)
    target = target_of(properties["Target"], receivers, f"{path}/Target")
    return Schedule(
        logical_id=resource.logical_id,
        name=identity.ref,
        arn=identity.attributes["Arn"],
        expression=expression,
        targets=[target],
        enabled=is_enabled(properties.get("State", "ENABLED"), f"{path}/State"),
        timezone=timezone,
        is_scheduler=True,
    )
