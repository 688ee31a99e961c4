"""A function that runs by the clock."""

from __future__ import annotations

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sns as sns
from constructs import Construct

from keyline_cdk.alarm import add_alarm
from keyline_cdk.handler_function import HandlerFunction
from keyline_cdk.metrics import function_errors


class Schedule(Construct):
    """Runs a function at a rate or at set times, and tells when a run failed.

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
