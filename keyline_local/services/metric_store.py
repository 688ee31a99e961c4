"""Metrics as CloudWatch keeps them: of tables, functions, queues, APIs and the systems."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from keyline_deploy.alarms import Metric, MetricQuery
from keyline_deploy.alarms.points import DataPoint
from keyline_deploy.alarms.statistic import Statistic
from keyline_local.host.clock import Clock
from keyline_local.services.logs import Metric as Written

MINUTE = 60
"""Seconds of the shortest period: values are kept by the minute in which they were measured."""
KEPT_MINUTES = 180
"""How long values are kept, unless something looks back longer."""

Minute = dict[float, int]
"""The values of a metric in one minute, each with how often it was measured."""


class MetricStore:
    """Values of metrics by the minute, as AWS's services and embedded metric format make them.

    Parameters
    ----------
    clock
        Says in which minute a value is measured.

    Attributes
    ----------
    began
        The minute since the epoch in which the store was made.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self.began = self._minute()
        self._of: dict[Metric, dict[int, Minute]] = defaultdict(dict)
        self._kept: dict[Metric, int] = {}
        self._touched: set[Metric] = set()
        self._known: dict[tuple[Metric, int], dict[Statistic, DataPoint | None]] = {}

    def add(self, namespace: str, name: str, value: float, **dimensions: str) -> None:
        """Take note of a value that is measured now."""
        self.add_in(self._minute(), namespace, name, value, **dimensions)

    def add_in(
        self, minute: int, namespace: str, name: str, value: float, **dimensions: str
    ) -> None:
        """Take note of a value of a minute since the epoch."""
        self._add(minute, Metric(namespace, name, frozenset(dimensions.items())), (value,))

    def add_written(self, written: Written) -> None:
        """Take note of the metrics that a function wrote to its log."""
        for sample in written.samples():
            metric = Metric(sample.namespace, sample.name, frozenset(sample.dimensions.items()))
            self._add(self._minute(), metric, sample.values)

    def keep(self, metric: Metric, minutes: int) -> None:
        """Keep the values of a metric for so many minutes at least."""
        self._kept[metric] = max(minutes, self._kept.get(metric, KEPT_MINUTES))

    def take_touched(self) -> set[Metric]:
        """Return the metrics that something was measured of since this was asked last."""
        touched, self._touched = self._touched, set()
        return touched

    def forget_old(self) -> None:
        """Forget what nothing looks back to."""
        now = self._minute()
        for metric, minutes in self._of.items():
            oldest = now - self._kept.get(metric, KEPT_MINUTES)
            for minute in [each for each in minutes if each < oldest]:
                del minutes[minute]
                self._known.pop((metric, minute), None)

    def metrics(self) -> list[Metric]:
        """Return the metrics that something was measured of."""
        return list(self._of)

    def newest(self, metric: Metric) -> int | None:
        """Return the newest minute of a metric, None without any."""
        return next(reversed(self._of[metric]), None) if metric in self._of else None

    def point(self, query: MetricQuery, period: int, number: int) -> DataPoint | None:
        """Return the statistic of a period, None if nothing was measured in it.

        Parameters
        ----------
        period
            Seconds, whole minutes.
        number
            Of the period since the epoch.
        """
        minutes = self._of.get(query.metric)
        if not minutes:
            return None
        if period == MINUTE:
            return self._of_minute(query, number)
        first = number * period // MINUTE
        return _point(query, _together(minutes, first, first + period // MINUTE))

    def _of_minute(self, query: MetricQuery, number: int) -> DataPoint | None:
        """Return what is known of a minute: several alarms ask for each minute several times."""
        values = self._of[query.metric].get(number)
        if not values:
            return None
        known = self._known.setdefault((query.metric, number), {})
        if query.statistic not in known:
            known[query.statistic] = _point(query, values)
        return known[query.statistic]

    def _add(self, minute: int, metric: Metric, values: Iterable[float]) -> None:
        self._touched.add(metric)
        found = self._of[metric].setdefault(minute, {})
        for value in values:
            found[value] = found.get(value, 0) + 1
        self._known.pop((metric, minute), None)

    def _minute(self) -> int:
        return int(self._clock.now() // MINUTE)


def _point(query: MetricQuery, values: Minute) -> DataPoint | None:
    if not values:
        return None
    return DataPoint(query.statistic.of(list(values.items())), sum(values.values()))


def _together(minutes: Mapping[int, Minute], start: int, end: int) -> Minute:
    found: Minute = defaultdict(int)
    for number, values in minutes.items():
        if start <= number < end:
            for value, count in values.items():
                found[value] += count
    return found
