"""The alarms that CloudFormation watches while it updates functions: one goes off, all goes back.

The alarms are metric alarms that run already and stay: the CDK's command line takes no composite
ones, and an update whose trigger is missing fails. Source: CloudFormation user guide, "Roll back
your stack on alarm breach with rollback triggers".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from keyline_ops.plan.evaluate import Stack

MOST = 5
"""How many triggers a stack takes."""
_ALARM = "AWS::CloudWatch::Alarm"
_FUNCTION = "AWS::Lambda::Function"
_ANSWERS = ("AWS/ApiGateway", "5xx")
_FAILURES = ("AWS/Lambda", "Errors")


def has_functions(stack: Stack) -> bool:
    """Return whether a stack has functions, whose new code the alarms judge."""
    return bool(stack.of_types(_FUNCTION))


def triggers(stack: Stack, resources: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the names of the alarms that roll an update of a stack back, the most telling first.

    Parameters
    ----------
    stack
        As it is to be: an alarm that it does not have any more is not watched.
    resources
        Those of the stack that runs, as ListStackResources gives them.
    """
    wanted = stack.of_types(_ALARM)
    found = [
        (rank, str(each["PhysicalResourceId"]))
        for each in resources
        if each["ResourceType"] == _ALARM and each.get("PhysicalResourceId")
        if (rank := _rank(wanted.get(str(each["LogicalResourceId"]), {}))) is not None
    ]
    return [name for _, name in sorted(found)[:MOST]]


def options(names: Sequence[str], minutes: int, region: str, account: str) -> Iterator[str]:
    """Yield the options of `cdk deploy` for these triggers."""
    for name in names:
        yield f"--rollback-trigger-alarm-arns=arn:aws:cloudwatch:{region}:{account}:alarm:{name}"
    yield f"--monitoring-time-minutes={minutes}"


def _rank(body: Mapping[str, Any]) -> int | None:
    """Return the rank of an alarm: failed answers, failed functions, rare functions."""
    properties = body.get("Properties", {})
    metric = (properties.get("Namespace"), properties.get("MetricName"))
    if metric == _ANSWERS:
        return 0
    if metric == _FAILURES:
        return 1 if properties.get("EvaluationPeriods", 1) > 1 else 2
    return None
