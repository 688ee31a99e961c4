"""The metrics of a function, summed up as they come."""

from __future__ import annotations

import threading
from collections import Counter

from keyline_local.testing import Metric


class Told:
    """The sums and the last values of a function's metrics."""

    def __init__(self, function: str) -> None:
        self._function = function
        self._lock = threading.Lock()
        self._sums: Counter[str] = Counter()
        self._last: dict[str, float] = {}

    def take(self, metric: Metric) -> None:
        """Take what was written to the logs."""
        if metric.source == self._function:
            with self._lock:
                for sample in metric.samples():
                    self._sums[sample.name] += int(sum(sample.values))
                    self._last[sample.name] = sample.values[-1]

    def sums(self) -> Counter[str]:
        """Return the sum of each metric so far."""
        with self._lock:
            return Counter(self._sums)

    def last(self, name: str) -> float:
        """Return the last value of a metric; 0 before there was one."""
        with self._lock:
            return self._last.get(name, 0)
