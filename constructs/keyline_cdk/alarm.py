"""One way to raise an alarm: it always notifies, and silence is health."""

from __future__ import annotations

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct


def add_alarm(
    scope: Construct,
    id: str,
    *,
    metric: cloudwatch.IMetric,
    above: float,
    why: str,
    topic: sns.ITopic,
    periods: int = 1,
    breaching: int | None = None,
) -> cloudwatch.Alarm:
    """Notify when a metric is above a value.

    Parameters
    ----------
    above
        The alarm goes off at values greater than this.
    why
        What it means and what to look at; the notification shows it.
    periods, breaching
        How many of the metric's periods are looked at, and how many of them have to be
        above; all of them when left out.
    """
    alarm = cloudwatch.Alarm(
        scope,
        id,
        metric=metric,
        threshold=above,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluation_periods=periods,
        datapoints_to_alarm=breaching or periods,
        # DynamoDB and Lambda publish nothing while nothing happens
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        alarm_description=why,
    )
    alarm.add_alarm_action(actions.SnsAction(topic))
    return alarm
