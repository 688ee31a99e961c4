"""The model of an alarm: what it watches, and when it fires."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from keyline_deploy.alarms.expression import Expression
from keyline_deploy.alarms.rule import Rule
from keyline_deploy.alarms.state import State
from keyline_deploy.alarms.statistic import Statistic

__all__ = ["Alarm", "CompositeAlarm", "Metric", "MetricAlarm", "MetricQuery", "State", "Treatment"]


class Treatment(StrEnum):
    """The treatment of a missing data point."""

    MISSING = "missing"
    IGNORE = "ignore"
    BREACHING = "breaching"
    NOT_BREACHING = "notBreaching"


@dataclass(frozen=True)
class Metric:
    """A metric of CloudWatch: exactly these dimensions, since no metric adds up others."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class MetricQuery:
    """A statistic of a metric, by the id that expressions have for it."""

    id: str
    metric: Metric
    statistic: Statistic


@dataclass(frozen=True)
class MetricAlarm:
    """An alarm on a metric or on the result of an expression.

    Attributes
    ----------
    queries, expressions
        The metrics that are retrieved, in order, and the expressions by their ids.
    watched
        Id of the query or expression that is compared with the threshold.
    period
        Seconds of a data point.
    breaches
        Tells of a value and the threshold whether the value is outside of it.
    evaluation_periods, datapoints_to_alarm
        The alarm fires if at least M = `datapoints_to_alarm` of the newest
        N = `evaluation_periods` data points are breaching.
    waits_for_samples
        Whether the state stays as it is while a percentile has too few samples.
    """

    name: str
    queries: tuple[MetricQuery, ...]
    expressions: Mapping[str, Expression]
    watched: str
    period: int
    breaches: Callable[[float, float], bool]
    threshold: float
    evaluation_periods: int
    datapoints_to_alarm: int
    treatment: Treatment
    waits_for_samples: bool

    def is_breaching(self, value: float) -> bool:
        """Return True if a data point of this value is outside of the threshold."""
        return self.breaches(value, self.threshold)


@dataclass(frozen=True)
class CompositeAlarm:
    """An alarm on the states of other alarms."""

    name: str
    rule: Rule


Alarm = MetricAlarm | CompositeAlarm
