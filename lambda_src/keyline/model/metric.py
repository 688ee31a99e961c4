"""Metrics: what a system declares that its functions publish, and what Keyline's run time does.

A metric without data raises no error in CloudWatch: an alarm on a name or on dimensions that
nobody publishes waits for ever. So both are declared once, and the functions, the alarms and the
graphs are held to the declaration.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

NAMESPACE = "Keyline"
"""The namespace of all metrics that functions write to their logs (embedded metric format)."""

COMMON_DIMENSIONS = ("Environment", "System")
"""The dimensions that every one of them has."""

CALL_METRICS: Mapping[str, str] = {"Latency": "Milliseconds", "Errors": "Count"}
"""What the meter publishes of every call: each metric with its unit. Alarms and dashboards need
these. Each metric of each operation has its price."""
CALL_FIELDS = ("ReadUnits", "WriteUnits", "Items", "Throttles")
"""What the meter only logs of every call, to be asked for by pattern (docs/alarms.md)."""
UNREADABLE_ITEMS = "UnreadableItems"
"""What the meter publishes of calls that left items out of their answers."""
CALL_DIMENSIONS = (("Operation",),)
"""The sets of dimensions of the meter's metrics, without the common ones."""


class Metric(msgspec.Struct, frozen=True):
    """A metric that a system's functions publish with `keyline.metrics.Metrics`.

    Attributes
    ----------
    name
        In capitalized words: `ProviderCost`.
    dimensions
        The names of what tells its values apart, in addition to `Environment` and `System`.
    """

    name: str
    dimensions: tuple[str, ...] = ()


TABLE_SIZE = "TableSizeBytes"
INDEX_SIZE = "IndexSizeBytes"
STORAGE_GROWTH = "StorageGrowthPercent"
GROWTH_METRICS = (
    Metric(TABLE_SIZE, ("Table",)),
    Metric(INDEX_SIZE, ("Table", "Index")),
    Metric(STORAGE_GROWTH, ("Table",)),
)
"""What a function that watches tables publishes (`keyline.growth`)."""

CACHE_METRICS = (Metric("CacheHits"), Metric("CacheMisses"), Metric("CacheFailures"))
"""What a cache counts (`keyline.cache`). A system with a cache declares them."""

READ_LATENCY, WRITE_LATENCY = "ReadLatency", "WriteLatency"
LATENCY_METRICS = (Metric(READ_LATENCY, ("Table",)), Metric(WRITE_LATENCY, ("Table",)))
"""How long calls take by table, in ms. The meter publishes them of a system that declares them:
each of them has its price for each table."""

LIBRARY_NAMES = frozenset(
    {
        *(*COMMON_DIMENSIONS, *CALL_METRICS, *CALL_FIELDS, UNREADABLE_ITEMS),
        *(m.name for m in GROWTH_METRICS),
    }
)
"""Names that no metric of a system may have. In a line of a log, dimensions and metrics are
members of one object."""


def dimension_sets(metrics: Iterable[Metric]) -> dict[str, frozenset[frozenset[str]]]:
    """Return the sets of dimensions of each metric name, the metrics of the meter included."""
    calls = frozenset(frozenset((*COMMON_DIMENSIONS, *names)) for names in CALL_DIMENSIONS)
    found = dict.fromkeys((*CALL_METRICS, UNREADABLE_ITEMS), calls)
    for metric in (*GROWTH_METRICS, *metrics):
        names = frozenset((*COMMON_DIMENSIONS, *metric.dimensions))
        found[metric.name] = found.get(metric.name, frozenset()) | {names}
    return found
