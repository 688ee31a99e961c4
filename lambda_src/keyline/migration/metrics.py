"""The one place that publishes the metrics of a migration.

Namespace `Keyline`, by environment and system.
"""

from __future__ import annotations

import logging

import msgspec

from keyline.metrics import Metrics, MetricUnit
from keyline.model.migration_metrics import PENDING

_log = logging.getLogger(__name__)


class Counters(msgspec.Struct, frozen=True):
    """Publishes the metrics of a migration."""

    metrics: Metrics

    def count(self, *names: str) -> None:
        """Publish that something happened once, under each of the names."""
        for name in names:
            self.metrics.count(name)

    def failed(self, name: str, error: Exception) -> None:
        """Publish a failure, and log its kind. The message of the error is not logged."""
        self.metrics.count(name)
        _log.warning("%s: %s", name, type(error).__name__)

    def pending(self, writes: int) -> None:
        """Publish how many writes a process still holds."""
        self.metrics.put(PENDING, writes, MetricUnit.Count)
