"""A function that runs by the clock."""

from __future__ import annotations

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sns as sns
from constructs import Construct

from keyline_cdk.alarm import add_alarm, add_silence_alarm
from keyline_cdk.handler_function import HandlerFunction
from keyline_cdk.metrics import (
    DAY,
    failed_invocations,
    function_errors,
    function_invocations,
    lost_events,
)

_SILENT_DAYS = 2
"""Days without a run: whatever is scheduled here runs every day."""


class Schedule(Construct):
    """Runs a function at a rate or at set times, and tells when a run failed or did not begin.

    Parameters
    ----------
    expression
        `rate(1 day)` or `cron(0 3 * * ? *)`, in UTC.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        function: HandlerFunction,
        expression: str,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, id)
        events.Rule(
            self,
            "Rule",
            rule_name=function.name,
            description=function.declared.why,
            schedule=events.Schedule.expression(expression),
            targets=[targets.LambdaFunction(function.resource, retry_attempts=2)],
        )
        add_alarm(
            self,
            "Failed",
            metric=function_errors(function.name),
            above=0,
            runbook="a-scheduled-run-failed",
            why=f"A scheduled run of {function.name} failed. Nobody waits for its answer: only its"
            " log tells why.",
            topic=topic,
        )
        add_silence_alarm(
            self,
            "Silent",
            metric=function_invocations(function.name, DAY),
            periods=_SILENT_DAYS,
            runbook="a-scheduled-run-did-not-begin",
            why=f"{function.name} has not run for {_SILENT_DAYS} days.",
            topic=topic,
        )
        for id, metric in (
            ("NotStarted", failed_invocations(function.name)),
            ("Dropped", lost_events(function.name)),
        ):
            add_alarm(
                self,
                id,
                metric=metric,
                above=0,
                runbook="a-scheduled-run-did-not-begin",
                why=f"A scheduled run of {function.name} did not begin: its event was lost.",
                topic=topic,
            )
