"""The content of a store of metrics."""

from __future__ import annotations

from keyline_deploy.alarms import Metric, MetricQuery
from keyline_deploy.alarms.statistic import statistic_of
from keyline_local.services.metric_store import MetricStore

_DAY = 86_400


def total(store: MetricStore, metric: Metric) -> float:
    """Return the sum of a metric over the whole days that the store knows of."""
    query = MetricQuery("m", metric, statistic_of("Sum"))
    first = store.began * 60 // _DAY
    found = [store.point(query, _DAY, day) for day in range(first, first + 40)]
    return sum(point.value for point in found if point)


def measured(store: MetricStore, namespace: str) -> dict[tuple[str, ...], float]:
    """Return the sums of a namespace, by name and the values of the dimensions in their order."""
    return {
        (metric.name, *(value for _, value in sorted(metric.dimensions))): total(store, metric)
        for metric in store.metrics()
        if metric.namespace == namespace
    }
