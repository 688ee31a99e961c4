"""Data points of clock-aligned periods, made from samples."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from keyline_deploy.alarms.model import Metric, MetricAlarm, MetricQuery
from keyline_deploy.alarms.statistic import Weighted


@dataclass(frozen=True)
class Sample:
    """The samples of a metric that were published at a time.

    Attributes
    ----------
    count
        How many equal samples this stands for, as `Counts` of PutMetricData.
    """

    metric: Metric
    time: datetime
    value: float
    count: float = 1


@dataclass(frozen=True)
class DataPoint:
    """The statistic of one period.

    Attributes
    ----------
    samples
        How many samples it was made of.
    """

    value: float
    samples: float


Window = Sequence[DataPoint | None]
"""Data points of consecutive periods, the newest last; None where a period has no sample."""


class Points(Protocol):
    """The source of an alarm's data points."""

    def point(self, query: MetricQuery, period: int, number: int) -> DataPoint | None:
        """Return the data point of the period of so many seconds with a number since the epoch."""
        ...


def window(points: Points, alarm: MetricAlarm, query: MetricQuery, end: int, size: int) -> Window:
    """Return so many data points of an alarm's query, of which the newest is before a period."""
    return [points.point(query, alarm.period, end - age) for age in range(size, 0, -1)]


class Samples:
    """Samples of several metrics, each seen as soon as its period has ended."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._of: dict[Metric, list[Sample]] = defaultdict(list)
        for sample in samples:
            self._of[sample.metric].append(sample)
        self._periods: dict[tuple[Metric, int], dict[int, list[Weighted]]] = {}

    def point(self, query: MetricQuery, period: int, number: int) -> DataPoint | None:
        """Return the statistic of the samples of a period, None if it has no sample."""
        samples = self._by_period(query.metric, period).get(number)
        if samples is None:
            return None
        return DataPoint(query.statistic.of(samples), sum(count for _, count in samples))

    def _by_period(self, metric: Metric, period: int) -> dict[int, list[Weighted]]:
        if (metric, period) not in self._periods:
            found: dict[int, list[Weighted]] = defaultdict(list)
            for sample in self._of.get(metric, ()):
                found[period_at(sample.time, period)].append((sample.value, sample.count))
            self._periods[metric, period] = found
        return self._periods[metric, period]


def period_at(time: datetime, period: int) -> int:
    """Return the number, since the epoch, of the period of so many seconds that holds a time."""
    return int(time.timestamp() // period)
