"""The metrics of a migration: their names, and the one place that publishes them.

Namespace `Keyline`, by environment and system. All but `PENDING` are counts.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from keyline.metrics import Metrics, MetricUnit

WRITE_FAILURES = "MigrationWriteFailures"
"""A write, or its repetition, that the target did not take."""
PENDING = "MigrationPending"
"""Writes that a process still holds; look at the maximum."""
SETTLED = "MigrationSettled"
"""A pending write that the target has now."""
SOURCE_READS = "MigrationSourceReads"
"""A read that the source answered because the phase says so."""
MATCHES = "MigrationMatches"
"""A read of both stores that gave the same."""
MISMATCHES = "MigrationMismatches"
"""A read of both stores that differed."""
HITS = "MigrationHits"
"""A read that asked the target, and the target's answer was right."""
MISSES = "MigrationMisses"
"""A read that asked the target, and the target lacked what the source has."""
FALLBACKS = "MigrationFallbacks"
"""A read that asked the target, and the target failed or lacked pending writes."""
READ_FAILURES = "MigrationReadFailures"
"""A read that the target failed."""
UNHELD = "MigrationUnheld"
"""A request for what the source does not hold, so that the target alone answers."""
PHASE_FAILURES = "PhaseFailures"
"""A read of the parameter that failed, or whose value was not a phase."""

METRICS = (
    WRITE_FAILURES,
    PENDING,
    SETTLED,
    SOURCE_READS,
    MATCHES,
    MISMATCHES,
    HITS,
    MISSES,
    FALLBACKS,
    READ_FAILURES,
    UNHELD,
    PHASE_FAILURES,
)
"""The names of all metrics of a migration."""

ASKED = (HITS, MISSES, FALLBACKS)
"""Each read that asked the target is counted in one of these."""

COMPARED = (MATCHES, MISMATCHES)
"""Each read of both stores that the target answered is counted in one of these."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Counters:
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
