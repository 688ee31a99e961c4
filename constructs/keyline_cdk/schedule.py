"""A function that runs by the clock."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sns as sns
from constructs import Construct

from keyline.model import deployment
from keyline.moments import DAY_SECONDS
from keyline_cdk.alarm import add_alarm, add_silence_alarm
from keyline_cdk.handler_function import HandlerFunction
from keyline_cdk.metrics import (
    failed_invocations,
    function_errors,
    function_invocations,
    lost_events,
)


class Schedule(Construct):
    """Runs a function at a rate or at set times, and tells when a run failed or did not begin.

    That none began is not told of a schedule with more than six days between two runs: CloudWatch
    does not look back so far.

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
        silence = deployment.silence_of(expression)
        if silence is not None:
            periods, seconds = silence
            unit = "days" if seconds == DAY_SECONDS else "hours"
            add_silence_alarm(
                self,
                "Silent",
                metric=function_invocations(function.name, cdk.Duration.seconds(seconds)),
                periods=periods,
                runbook="a-scheduled-run-did-not-begin",
                why=f"{function.name} has not run for {periods} {unit}.",
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
