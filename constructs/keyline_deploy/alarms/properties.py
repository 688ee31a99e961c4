"""Alarms read from the properties of their CloudFormation resources, with AWS's defaults."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from keyline.errors import KeylineError, instead_of, repeated
from keyline_deploy.alarms.expression import parse
from keyline_deploy.alarms.model import (
    Alarm,
    CompositeAlarm,
    Metric,
    MetricAlarm,
    MetricQuery,
    Treatment,
)
from keyline_deploy.alarms.nesting import nesting_refused
from keyline_deploy.alarms.rule import parse_rule
from keyline_deploy.alarms.statistic import statistic_of
from keyline_deploy.alarms.unknown_keys import unknown_keys

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}

IGNORING_NAMESPACE = "AWS/DynamoDB"
"""The namespace whose alarms ignore missing data by default (CloudWatch user guide, "Configuring
how CloudWatch alarms treat missing data"; docs/adr/0036-alarm-evaluator.md)."""

_ONLY = "m1"
"""Id of the metric of an alarm that names no ids."""

_WEEK = 7 * 24 * 3600
"""The longest time, in seconds, that the periods of an alarm take together (CloudWatch API
reference, PutMetricAlarm, `EvaluationPeriods`)."""

_Periods = Annotated[int, Meta(gt=0, le=_WEEK // 60)]
_Minutes = Annotated[int, Meta(gt=0, le=_WEEK, multiple_of=60)]


class _Dimension(Struct, rename="pascal"):
    name: str
    value: str


class _Metric(Struct, rename="pascal"):
    namespace: str
    metric_name: str
    dimensions: list[_Dimension] = []


class _MetricStat(Struct, rename="pascal"):
    metric: _Metric
    period: _Minutes
    stat: str


class _Query(Struct, rename="pascal"):
    id: str
    metric_stat: _MetricStat | None = None
    expression: str | None = None
    return_data: bool = True


class _Common(Struct, rename="pascal"):
    evaluation_periods: _Periods
    comparison_operator: str
    threshold: float
    alarm_name: str = ""
    datapoints_to_alarm: _Periods | None = None
    treat_missing_data: Treatment | None = None
    evaluate_low_sample_count_percentile: Literal["evaluate", "ignore"] = "evaluate"


class _OfMetric(_Common, rename="pascal", kw_only=True):
    namespace: str
    metric_name: str
    period: _Minutes
    dimensions: list[_Dimension] = []
    statistic: str | None = None
    extended_statistic: str | None = None


class _OfMetrics(_Common, rename="pascal", kw_only=True):
    metrics: Annotated[list[_Query], Meta(min_length=1)]


class _Composite(Struct, rename="pascal"):
    alarm_rule: str
    alarm_name: str = ""


_NOT_READ = frozenset(
    [
        "AccountId",
        "ActionsEnabled",
        "ActionsSuppressedBy",
        "ActionsSuppressedReason",
        "ActionsSuppressor",
        "ActionsSuppressorExtensionPeriod",
        "ActionsSuppressorWaitPeriod",
        "AlarmActions",
        "AlarmArn",
        "AlarmConfigurationUpdatedTimestamp",
        "AlarmDescription",
        "EvaluationState",
        "InsufficientDataActions",
        "Label",
        "OKActions",
        "StateReason",
        "StateReasonData",
        "StateTransitionedTimestamp",
        "StateUpdatedTimestamp",
        "StateValue",
        "Tags",
        "ThresholdMetricId",
        "Unit",
    ]
)
"""What AWS::CloudWatch::Alarm and AWS::CloudWatch::CompositeAlarm also have, and DescribeAlarms
(CloudWatch API reference), that does not matter for the state."""

_Kind = TypeVar("_Kind", _OfMetric, _OfMetrics, _Composite)


def alarm_of(properties: object) -> Alarm:
    """Read an alarm from the properties of its CloudFormation resource.

    Parameters
    ----------
    properties
        The `Properties` of an `AWS::CloudWatch::Alarm` or an `AWS::CloudWatch::CompositeAlarm`,
        all of them literal values. Properties that do not matter for the state are not read.

    Raises
    ------
    KeylineError
        If CloudWatch would refuse the alarm, or if it has what is not evaluated here: anomaly
        bands, Metrics Insights, periods below a minute, and other statistics than those of
        `statistic_of`.
    """
    if not isinstance(properties, Mapping):
        raise KeylineError(
            "alarm",
            "is not an object with the properties of an alarm.",
            "Give the Properties of an AWS::CloudWatch::Alarm.",
        )
    with nesting_refused("alarm"):
        return _alarm(properties)


def _alarm(properties: Mapping[str, object]) -> Alarm:
    if "AlarmRule" in properties:
        composite = _read(properties, _Composite)
        return CompositeAlarm(composite.alarm_name, parse_rule(composite.alarm_rule))
    if "Metrics" in properties:
        given = _read(properties, _OfMetrics)
        return _metric_alarm(given, given.metrics)
    of_metric = _read(properties, _OfMetric)
    return _metric_alarm(of_metric, [_only_query(of_metric)])


def unknown_properties(properties: object) -> list[str]:
    """Return for each property that no alarm has which property is nearest."""
    if not isinstance(properties, Mapping) or _is_resource(properties):
        return []
    return unknown_keys(properties, _kind(properties), _NOT_READ)


def _kind(properties: Mapping[str, object]) -> type[_OfMetric | _OfMetrics | _Composite]:
    if "AlarmRule" in properties:
        return _Composite
    return _OfMetrics if "Metrics" in properties else _OfMetric


def _read(properties: Mapping[str, object], kind: type[_Kind]) -> _Kind:
    try:
        return msgspec.convert(properties, kind, strict=False)
    except msgspec.ValidationError as error:
        suggestion = "Give only its Properties." if _is_resource(properties) else ""
        raise KeylineError("alarm", f"cannot be read: {error}.", suggestion) from error


def _is_resource(properties: Mapping[str, object]) -> bool:
    return "Properties" in properties


def _only_query(given: _OfMetric) -> _Query:
    statistics = [each for each in (given.statistic, given.extended_statistic) if each]
    if len(statistics) != 1:
        raise KeylineError(
            "alarm.Statistic",
            f"there are {len(statistics)} statistics.",
            "Give either Statistic or ExtendedStatistic.",
        )
    metric = _Metric(given.namespace, given.metric_name, given.dimensions)
    return _Query(_ONLY, _MetricStat(metric, given.period, statistics[0]))


def _metric_alarm(given: _Common, queries: Sequence[_Query]) -> MetricAlarm:
    metrics = tuple(
        _metric_query(query.id, query.metric_stat) for query in queries if query.metric_stat
    )
    in_range = given.datapoints_to_alarm or given.evaluation_periods
    if in_range > given.evaluation_periods:
        raise KeylineError(
            "alarm.DatapointsToAlarm",
            f"{in_range} is more than EvaluationPeriods.",
            f"Give at most {given.evaluation_periods}.",
        )
    return MetricAlarm(
        name=given.alarm_name,
        queries=metrics,
        expressions={
            query.id: parse(query.expression) for query in queries if query.expression is not None
        },
        watched=_watched(queries),
        period=_period(queries),
        breaches=_comparison(given.comparison_operator),
        threshold=given.threshold,
        evaluation_periods=given.evaluation_periods,
        datapoints_to_alarm=in_range,
        treatment=given.treat_missing_data or _default_treatment(metrics),
        waits_for_samples=given.evaluate_low_sample_count_percentile == "ignore",
    )


def _metric_query(id: str, stat: _MetricStat) -> MetricQuery:
    dimensions = frozenset((each.name, each.value) for each in stat.metric.dimensions)
    metric = Metric(stat.metric.namespace, stat.metric.metric_name, dimensions)
    return MetricQuery(id, metric, statistic_of(stat.stat))


def _watched(queries: Sequence[_Query]) -> str:
    for query in queries:
        if (query.metric_stat is None) == (query.expression is None):
            raise KeylineError(
                f"alarm.Metrics[{query.id}]",
                "has not exactly one of MetricStat and Expression.",
                "Give one of them.",
            )
    if twice := repeated(query.id for query in queries):
        raise KeylineError(
            f"alarm.Metrics[{twice[0]}]", "the id is given twice.", "Give each its own id."
        )
    returned = [query.id for query in queries if query.return_data]
    if len(returned) != 1:
        raise KeylineError(
            "alarm.Metrics",
            f"{len(returned)} of them return data: {', '.join(returned)}.",
            "Set ReturnData to false for all but the one that the alarm watches.",
        )
    return returned[0]


def _period(queries: Sequence[_Query]) -> int:
    periods = {query.metric_stat.period for query in queries if query.metric_stat}
    if len(periods) != 1:
        raise KeylineError(
            "alarm.Metrics", "all metrics of an alarm have the same period.", "Give one Period."
        )
    return periods.pop()


def _comparison(name: str) -> Callable[[float, float], bool]:
    if name not in COMPARISONS:
        raise KeylineError(
            "alarm.ComparisonOperator",
            f"{name!r} is not evaluated.",
            instead_of(name, COMPARISONS),
        )
    return COMPARISONS[name]


def _default_treatment(metrics: Sequence[MetricQuery]) -> Treatment:
    ignores = any(query.metric.namespace == IGNORING_NAMESPACE for query in metrics)
    return Treatment.IGNORE if ignores else Treatment.MISSING
