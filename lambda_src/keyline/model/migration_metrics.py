"""The names of the metrics of a migration. All but `PENDING` are counts."""

from __future__ import annotations

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

MIGRATION_METRICS = (
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
