"""A move from one store to DynamoDB in phases, at run time (docs/adr/0016-migration-package.md).

Import names from here. The modules below this package may change at any time. A system declares
the move as `keyline.model.Migration`.

Phases
    Mode, Phase, PhaseUnknownError; PATTERN is what the parameter may hold. phase_of_function gives
    a function's phase: a PolledPhase, whose parameter a parameter_reader reads.
Calls of DynamoDB in phases 1 and 2
    Breaker, a circuit breaker; FAILURES are the errors that are not answers. Target counts
    failures and repeats PendingWrites. SLOW_SECONDS, OPEN_SECONDS and SETTLED_AT_ONCE are their
    limits.
Metrics
    Counters publishes them. The names of the counters are WRITE_FAILURES, PENDING, SETTLED,
    SOURCE_READS, MATCHES, MISMATCHES, HITS, MISSES, FALLBACKS, READ_FAILURES, UNHELD,
    PHASE_FAILURES. ASKED and COMPARED are those of reads.
"""

from keyline.migration.breaker import FAILURES, OPEN_SECONDS, SLOW_SECONDS, Breaker
from keyline.migration.metrics import Counters
from keyline.migration.parameter import parameter_reader, phase_of_function
from keyline.migration.phase import PATTERN, Mode, Phase, PhaseUnknownError
from keyline.migration.polled_phase import PolledPhase
from keyline.migration.target import SETTLED_AT_ONCE, PendingWrites, Target
from keyline.model.migration_metrics import (
    ASKED,
    COMPARED,
    FALLBACKS,
    HITS,
    MATCHES,
    MISMATCHES,
    MISSES,
    PENDING,
    PHASE_FAILURES,
    READ_FAILURES,
    SETTLED,
    SOURCE_READS,
    UNHELD,
    WRITE_FAILURES,
)

__all__ = [
    "ASKED",
    "COMPARED",
    "FAILURES",
    "FALLBACKS",
    "HITS",
    "MATCHES",
    "MISMATCHES",
    "MISSES",
    "OPEN_SECONDS",
    "PATTERN",
    "PENDING",
    "PHASE_FAILURES",
    "READ_FAILURES",
    "SETTLED",
    "SETTLED_AT_ONCE",
    "SLOW_SECONDS",
    "SOURCE_READS",
    "UNHELD",
    "WRITE_FAILURES",
    "Breaker",
    "Counters",
    "Mode",
    "PendingWrites",
    "Phase",
    "PhaseUnknownError",
    "PolledPhase",
    "Target",
    "parameter_reader",
    "phase_of_function",
]
