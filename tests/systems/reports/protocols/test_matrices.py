"""Processes that share matrices: each holds what its `as_of` says, and none is too old."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from keyline.model import Query
from keyline.run import Store, ThrottledError, UnavailableError, UniqueClock
from reports.matrices import Matrices
from reports.matrix import ModelMatrix
from reports.matrix_bucket import MatrixBucket
from reports.patterns import MODEL_VECTORS
from tests.support.faults import Fault
from tests.support.protocols.clocks import Clock, Time
from tests.support.protocols.crash import Crash
from tests.support.protocols.driver import assert_found, drive
from tests.support.protocols.network import Network
from tests.support.protocols.plan import ALL, INTERRUPTED, Plan
from tests.systems.reports.on_engine import MakeReports, Reports
from tests.systems.reports.protocols.bucket import Bucket
from tests.systems.reports.protocols.vectors import PRODUCTS, Vectors

pytestmark = [pytest.mark.usefixtures("no_sleep"), pytest.mark.soak]

KINDS = (*ALL, *INTERRUPTED, *INTERRUPTED)
"""Interruptions are more frequent: what matters is a write while a matrix is read."""
SECONDS = 60
MARGIN = 5.0
"""Seconds that a matrix may say less than it holds, because clocks differ."""
DIMENSION = 2
MOST_BYTES = 2**20
BEHIND = {"a": 0.0, "b": -2.0}
"""Seconds that each process's clock is ahead."""

AHEAD = {"a": 0.0, "b": 2.0}


class Process:
    """A process of the function that finds similar products."""

    def __init__(self, store: Store, bucket: MatrixBucket, clock: Clock) -> None:
        self._store, self._bucket, self.clock = store, bucket, clock
        self.restart()

    def restart(self) -> None:
        """Begin with no matrix in memory."""
        self.matrices = Matrices(
            lambda model: self._store.items(MODEL_VECTORS, model_version=model),
            self._bucket,
            lambda _: None,
            seconds=SECONDS,
            most_bytes=MOST_BYTES,
            clock=self.clock.seconds,
        )


class SharedMatrices:
    """A writer stores vectors, and processes whose clocks differ ask for their matrix.

    Tries of the writer do not arrive late: the table itself is then not as it was acknowledged.
    """

    def __init__(self, plan: Plan, reports: Reports, skews: dict[str, float] = BEHIND) -> None:
        self.plan = plan
        self.time = Time()
        self.vectors = Vectors(plan, self.time)
        self.network = Network(reports.endpoint, plan)
        self.network.meanwhile = self._meanwhile
        self.close = self.network.close
        self.bucket = Bucket(plan, self.time, self._meanwhile)
        self.writer = reports.store_behind(self.network.client("writer"), UniqueClock())
        self.processes = {
            name: Process(
                reports.store_behind(self.network.client(name), UniqueClock()),
                MatrixBucket(self.bucket.client(name), "matrices", "float32"),
                self.time.clock(skew),
            )
            for name, skew in skews.items()
        }

    def step(self) -> None:
        """Let time go by, and a vector be stored or a matrix be asked for."""
        self.time.advance(self.plan.draw.choice((0.01, 1.0, 1.0, SECONDS / 3)))
        if self.plan.draw.random() < 0.4:
            self._write()
        else:
            self._ask(self.plan.draw.choice(list(self.processes)))

    def finish(self) -> None:
        """Ask every process for a matrix, old and fresh."""
        self.network.heal()
        for name in self.processes:
            self._ask(name)
            self._ask(name)

    def _meanwhile(self, _: str) -> None:
        self._write()
        self.vectors.now()

    def _write(self) -> None:
        try:
            with self.plan.without(Fault.LATE, Fault.WAITS, Fault.SLOW):
                self.vectors.store("writer", self.writer)
        except (ThrottledError, UnavailableError) as error:
            self.plan.note("writer", f"  {type(error).__name__}")
        except Crash:
            pass  # the writer has no memory

    def _ask(self, name: str) -> None:
        process, fresh = self.processes[name], self.plan.draw.random() < 0.3
        self.plan.note(name, f"asks for a {'fresh ' if fresh else ''}matrix")
        asked = self.vectors.now()
        try:
            matrix = process.matrices.get(self.vectors.model, DIMENSION, fresh=fresh)
        except (ThrottledError, UnavailableError) as error:
            self.plan.note(name, f"  {type(error).__name__}")
        except Crash:
            process.restart()
        else:
            self.plan.note(name, f"  as of {matrix.about.as_of:.3f}")
            self._check(matrix, asked, fresh=fresh)

    def _check(self, matrix: ModelMatrix, asked: float, *, fresh: bool) -> None:
        rows = dict(zip(matrix.products, matrix.rows, strict=True))
        skews = [process.clock.skew for process in self.processes.values()]
        as_of = matrix.about.as_of
        since = asked if fresh else asked - SECONDS - (max(skews) - min(skews)) - MARGIN
        assert fresh or as_of > since, f"a matrix as of {as_of} is shown at {asked}"
        for name in PRODUCTS:
            row = rows.get(self.vectors.product(name))
            number = None if row is None else round(float(row[0] / row[1]))
            self.vectors.check(name, number, max(as_of, since) if fresh else as_of)


@pytest.fixture
def reports_of_one_shard(make_reports: MakeReports) -> Reports:
    """The system with one shard of a model version: several are read in parallel."""
    made: Reports = make_reports(model_shards=1)
    return made


def test_a_matrix_holds_what_it_says(reports_of_one_shard: Reports) -> None:
    drive(lambda plan: SharedMatrices(plan, reports_of_one_shard), runs=8, kinds=KINDS)


def test_the_driver_finds_a_matrix_of_an_earlier_reading(
    reports_of_one_shard: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = Store.items
    read: dict[str, list[Any]] = {}

    def first_read(store: Store, pattern: Query[Any], /, *, model_version: str) -> Iterator[Any]:
        if model_version not in read:
            read[model_version] = list(items(store, pattern, model_version=model_version))
        return iter(read[model_version])

    monkeypatch.setattr(Store, "items", first_read)
    assert_found(lambda plan: SharedMatrices(plan, reports_of_one_shard), kinds=KINDS)


def test_a_matrix_of_a_fast_clock_holds_what_it_says(reports_of_one_shard: Reports) -> None:
    reports = reports_of_one_shard
    drive(lambda plan: SharedMatrices(plan, reports, AHEAD), runs=4, kinds=KINDS)
