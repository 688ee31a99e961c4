"""What CloudWatch would know of functions, APIs and the systems' own metrics, for an hour."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from keyline_deploy.alarms import Metric, Sample
from keyline_local.services.logs import Metric as Written

KEPT_SECONDS = 3600
"""How long a sample is kept: longer than an alarm on minutes looks back."""
_MOST = 200_000
"""Samples that are kept at most; the oldest go first."""


class MetricStore:
    """Samples of metrics as AWS's services and embedded metric format make them.

    Parameters
    ----------
    now
        Epoch seconds.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self.began = self.at()
        self._samples: deque[Sample] = deque(maxlen=_MOST)

    def at(self) -> datetime:
        """Return the time now."""
        return datetime.fromtimestamp(self._now(), UTC)

    def add(self, namespace: str, name: str, value: float, **dimensions: str) -> None:
        """Take note of a value."""
        metric = Metric(namespace, name, frozenset(dimensions.items()))
        self._samples.append(Sample(metric, self.at(), value))

    def add_written(self, written: Written) -> None:
        """Take note of the metrics that a function wrote to its log."""
        for sample in written.samples():
            metric = Metric(sample.namespace, sample.name, frozenset(sample.dimensions.items()))
            for value in sample.values:
                self._samples.append(Sample(metric, self.at(), value))

    def samples(self) -> Iterator[Sample]:
        """Yield the samples that are young enough, the oldest first.

        Another thread may ask for them while values are added.
        """
        oldest = self._now() - KEPT_SECONDS
        kept = self._samples.copy()  # at once, so that nothing is added meanwhile
        yield from (sample for sample in kept if sample.time.timestamp() >= oldest)
