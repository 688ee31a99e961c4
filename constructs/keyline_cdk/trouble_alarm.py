"""One alarm that tells of several, which one cause sets off together."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from constructs import Construct

from keyline.model import deployment
from keyline_cdk.alarm import described, told

_RUNBOOK = "several-alarms-of-one-cause"
_WAIT = cdk.Duration.minutes(2)
"""How long an alarm waits for the one that explains it, which may need more data points."""


class TroubleAlarm(Construct):
    """Tells once when any of several alarms goes off, and when all are over.

    The joined alarms tell nobody by themselves; the notification names them. Of more alarms than
    fit into one rule, it joins parts that join the alarms.

    Parameters
    ----------
    name
        The alarm's name in CloudWatch.
    why
        What it means and what to look at; the notification shows it.
    unless
        The name of an alarm that explains this one: while it is on, this one tells nobody.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        alarms: Sequence[cloudwatch.Alarm],
        why: str,
        topic: sns.ITopic,
        unless: str | None = None,
    ) -> None:
        super().__init__(scope, id)
        parts = [
            alarms[start : start + deployment.JOINED_ALARMS]
            for start in range(0, len(alarms), deployment.JOINED_ALARMS)
        ]
        joined: Sequence[cloudwatch.IAlarm] = alarms
        if len(parts) > 1:
            joined = [
                cloudwatch.CompositeAlarm(
                    self,
                    f"Part{number}",
                    composite_alarm_name=f"{name}-{number}",
                    alarm_rule=_any_of(part),
                    alarm_description=described(self, why, _RUNBOOK),
                )
                for number, part in enumerate(parts, 1)
            ]
        cause = unless and cloudwatch.CompositeAlarm.from_composite_alarm_name(
            self, "Cause", unless
        )
        alarm = cloudwatch.CompositeAlarm(
            self,
            "Alarm",
            composite_alarm_name=name,
            alarm_rule=_any_of(joined),
            alarm_description=described(self, why, _RUNBOOK),
            actions_suppressor=cause or None,
            actions_suppressor_wait_period=_WAIT if cause else None,
            actions_suppressor_extension_period=_WAIT if cause else None,
        )
        told(alarm, topic)


def _any_of(alarms: Sequence[cloudwatch.IAlarm]) -> cloudwatch.IAlarmRule:
    rules = (cloudwatch.AlarmRule.from_alarm(a, cloudwatch.AlarmState.ALARM) for a in alarms)
    return cloudwatch.AlarmRule.any_of(*rules)
