"""The time of the parallel reads of a cold turn, by the slowest of them.

    python -m systems.companion.benchmarks.context

Without a profile in memory a turn reads the profile, the assignment and the caregiver at the same
time. The embedded engine has no network before it, so each read waits first, as long as a read of
DynamoDB may take.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import msgspec

from benchmarks.ratio import Ratio, report
from benchmarks.result import keep, machine, parser
from companion.care import Care
from companion.conversation import Contexts
from companion.patterns import ASSIGNMENT_GET, CAREGIVER_GET, PATIENT_PROFILE
from companion.settings import Settings
from companion.system import SYSTEM
from companion.tables import Patient
from keyline.model import Get
from keyline.percentile import percentile
from keyline.run import Store, dynamodb_client
from tests.support.engine import running_engine, where
from tests.support.tables import create_table_params, created

T = TypeVar("T", bound=msgspec.Struct)

ENVIRONMENT, ALEXA_USER = "context", "amzn1.ask.account.EXAMPLE"
TURNS = 200
LEAST_MS, MOST_MS = 4.0, 12.0
"""Between which the waiting times are drawn."""
MOST_RATIO = 1.2
PARALLEL = (PATIENT_PROFILE, ASSIGNMENT_GET, CAREGIVER_GET)


@dataclass(frozen=True)
class Measured:
    """The measurements of all turns.

    Attributes
    ----------
    p50_ratio, p90_ratio
        The time of the parallel reads, of that of the slowest of them.
    p50_sum_ratio
        The same of the time that the reads would take one after the other.
    """

    turns: int
    p50_ratio: float
    p90_ratio: float
    p50_sum_ratio: float


class Timed(Store):
    """A store whose reads wait first, and are timed."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.spans: list[tuple[float, float]] = []
        self._lock = threading.Lock()
        self._random = random.Random(1)

    def get(self, pattern: Get[T], /, **key: Any) -> T | None:
        """Wait, read, and keep when the read began and ended."""
        with self._lock:
            wait = self._random.uniform(LEAST_MS, MOST_MS) / 1000
        began = time.perf_counter()
        time.sleep(wait)
        found = super().get(pattern, **key)
        if any(pattern is each for each in PARALLEL):
            with self._lock:
                self.spans.append((began, time.perf_counter()))
        return found


def run(turns: int = TURNS) -> Measured:
    """Read the context of a cold turn many times."""
    ratios, sums = [], []
    with _store() as store:
        contexts = Contexts(store, Settings(profile_seconds=0))
        for _ in range(turns):
            store.spans.clear()
            contexts.get_patient_context(ALEXA_USER)
            took = [end - began for began, end in store.spans]
            whole = max(end for _, end in store.spans) - min(began for began, _ in store.spans)
            ratios.append(whole / max(took))
            sums.append(whole / sum(took))
    return Measured(
        turns=turns,
        p50_ratio=round(percentile(sorted(ratios), 0.5), 3),
        p90_ratio=round(percentile(sorted(ratios), 0.9), 3),
        p50_sum_ratio=round(percentile(sorted(sums), 0.5), 3),
    )


@contextmanager
def _store() -> Iterator[Timed]:
    """Yield a store with one patient."""
    tables = [create_table_params(table, ENVIRONMENT) for table in SYSTEM.tables]
    with running_engine() as url, created(url, tables):
        store = Timed(
            system=SYSTEM,
            environment=ENVIRONMENT,
            settings=Settings(),
            client=dynamodb_client(**where(url)),
        )
        care = Care(store)
        patient = Patient(
            patientId="patient-1",
            preferredName="Ada",
            createdAt="2026-01-31T00:00:00.000000Z",
            updatedAt="2026-01-31T00:00:00.000000Z",
            alexaUserId=ALEXA_USER,
        )
        care.open(care.caregiver("carer", "carer"), patient, None)
        yield store


def main() -> int:
    """Measure, print and keep the result; 1 if the parallel reads take too long."""
    options = parser(__doc__, __file__).parse_args()
    measured = run()
    ratio = Ratio(
        what="time of the reads of a turn's context",
        against="the slowest of them",
        value=measured.p50_ratio,
        budget=MOST_RATIO,
    )
    ratios = [ratio]
    keep({"machine": machine(), **asdict(measured), "ratios": ratios}, options.json)
    return report([ratio])


if __name__ == "__main__":
    sys.exit(main())
