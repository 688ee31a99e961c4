"""The ways to raise an alarm. Each tells when it goes off, when it is over, and what to do."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from keyline_cdk.metrics import filled
from keyline_deploy.alarm_rules import spare_periods
from keyline_deploy.data_points import DataPoints

SINGLE = DataPoints(1, 1)
"""Each minute by itself."""

AlarmT = TypeVar("AlarmT", cloudwatch.Alarm, cloudwatch.CompositeAlarm)

RUNBOOK = "docs/runbooks/alarms.md"
"""The page that says of each of our own alarms what to do."""

RUNBOOKS_URL = "runbooks_url"
"""The context of a stack that says where the pages can be read; without it they are paths."""


def add_alarm(
    scope: Construct,
    id: str,
    *,
    metric: cloudwatch.IMetric,
    above: float,
    why: str,
    runbook: str,
    topic: sns.ITopic | None,
    points: DataPoints | None = None,
) -> cloudwatch.Alarm:
    """Notify when a metric is above a value, and when it no longer is.

    Parameters
    ----------
    above
        The alarm goes off at values greater than this.
    why
        What it means and what to look at; the notification shows it.
    runbook
        The section of the runbook, or another page with its path: what to do, step by step.
    topic
        Who is told; None where a composite alarm tells of this one.
    points
        The data points that are judged; each single one of the metric when left out. The period of
        a metric follows from it. An expression comes with the period.
    """
    if points is not None and isinstance(metric, cloudwatch.Metric):
        metric = metric.with_(period=cdk.Duration.seconds(points.seconds))
    alarm = cloudwatch.Alarm(
        scope,
        id,
        metric=metric,
        threshold=above,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluation_periods=points.periods if points else 1,
        datapoints_to_alarm=points.breaching if points else 1,
        # DynamoDB and Lambda publish nothing while nothing happens
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        evaluate_low_sample_count_percentile=_low_samples(metric),
        alarm_description=described(scope, why, runbook),
    )
    return told(alarm, topic)


def add_silence_alarm(
    scope: Construct,
    id: str,
    *,
    metric: cloudwatch.Metric,
    periods: int,
    why: str,
    runbook: str,
    topic: sns.ITopic | None,
) -> cloudwatch.Alarm:
    """Notify when what should happen in every period has not happened in so many.

    Parameters
    ----------
    metric
        Counts what happens. A missing data point is 0: CloudWatch would otherwise look back to
        data points from before the silence.
    periods
        At least two, so that data that is late does not count as silence.
    """
    alarm = cloudwatch.Alarm(
        scope,
        id,
        metric=filled(metric),
        threshold=1,
        comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
        evaluation_periods=periods,
        datapoints_to_alarm=periods,
        treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
        alarm_description=described(scope, why, runbook),
    )
    return told(alarm, topic)


def add_filled_alarm(
    scope: Construct,
    id: str,
    *,
    metric: cloudwatch.IMetric,
    above: float,
    why: str,
    runbook: str,
    topic: sns.ITopic | None,
    points: DataPoints = SINGLE,
) -> cloudwatch.Alarm:
    """Notify when a metric of DynamoDB is above a value in so many periods, of a few more.

    A missing data point is 0. DynamoDB publishes nothing while nothing happens, and AWS's documents
    disagree on whether an alarm on its metrics may ignore that (ADR 0036): with `FILL` the alarm
    ends in any case. The periods more are for data that is late.
    """
    spare = spare_periods(points.seconds)
    if isinstance(metric, cloudwatch.Metric):
        metric = filled(metric.with_(period=cdk.Duration.seconds(points.seconds)))
    return add_alarm(
        scope,
        id,
        metric=metric,
        above=above,
        why=why,
        runbook=runbook,
        topic=topic,
        points=replace(points, periods=points.breaching + spare),
    )


def described(scope: Construct, why: str, runbook: str) -> str:
    """Return the description of an alarm: what it means, and the page that says what to do."""
    page = runbook if runbook.partition("#")[0].endswith(".md") else f"{RUNBOOK}#{runbook}"
    return f"{why} Runbook: {scope.node.try_get_context(RUNBOOKS_URL) or ''}{page}"


def told(alarm: AlarmT, topic: sns.ITopic | None) -> AlarmT:
    """Let an alarm tell a topic when it goes off and when it is over."""
    if topic is not None:
        alarm.add_alarm_action(actions.SnsAction(topic))
        alarm.add_ok_action(actions.SnsAction(topic))
    return alarm


def _low_samples(metric: cloudwatch.IMetric) -> str | None:
    """Say that a percentile counts also if it is of few samples.

    CloudWatch would wait for 1,000 samples in a minute before it looks at a p99. At less traffic
    the alarm would then never fire; without the wait it is nearly one on the slowest call, so that
    it asks for several minutes.
    """
    is_percentile = isinstance(metric, cloudwatch.Metric) and metric.statistic.startswith("p")
    return "evaluate" if is_percentile else None
