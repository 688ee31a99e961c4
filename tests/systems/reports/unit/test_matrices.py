"""Test which matrix a request gets: young enough, made once, never more than memory holds."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from keyline.vector import encode
from reports.matrices import Matrices
from reports.matrix import DamagedMatrixError, ModelMatrix, TooManyVectorsError, row_bytes
from reports.matrix_bucket import BucketUnreachableError
from reports.metrics import BUILT, DAMAGED, FAILURE, HIT, LEFT_OUT, LOADED
from reports.tables import Vector
from tests.systems.reports.unit.test_matrix import stored

SECONDS = 300
PLENTY = 2**20


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


class Table:
    """The content of the table, and how often it was read."""

    def __init__(self) -> None:
        self.vectors = [stored("p1", encode([1.0, 2.0], "float32"))]
        self.reads = 0

    def __call__(self, model_version: str) -> Iterator[Vector]:
        self.reads += 1
        return iter(list(self.vectors))


class Bucket:
    """A bucket in memory, which fails on demand."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, int], ModelMatrix] = {}
        self.load_error: Exception | None = None
        self.save_error: Exception | None = None
        self.calls: Counter[str] = Counter()

    def key(self, model_version: str, dimension: int) -> str:
        return f"{model_version}/{dimension}"

    def load(self, model_version: str, dimension: int, since: float) -> ModelMatrix | None:
        self.calls["load"] += 1
        if self.load_error:
            raise self.load_error
        return self.held.get((model_version, dimension))

    def save(self, matrix: ModelMatrix) -> None:
        self.calls["save"] += 1
        if self.save_error:
            raise self.save_error
        self.held[matrix.about.model_version, matrix.about.dimension] = matrix


class Process:
    """A process with matrices of its own."""

    def __init__(self, table: Any, bucket: Bucket | None, clock: Clock, **more: Any) -> None:
        self.counted: Counter[str] = Counter()
        given = {"seconds": SECONDS, "most_bytes": PLENTY, **more}
        self.matrices = Matrices(
            table,
            bucket,  # type: ignore[arg-type] # one in memory
            lambda name: self.counted.update([name]),
            clock=clock,
            **given,
        )

    def get(self, model: str = "m", dimension: int = 2, **more: Any) -> ModelMatrix:
        return self.matrices.get(model, dimension, **more)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


def test_the_table_is_read_once_for_all_processes(
    table: Table, bucket: Bucket, clock: Clock
) -> None:
    first, second = Process(table, bucket, clock), Process(table, bucket, clock)
    made = first.get()
    assert first.get() is made
    assert second.get() is second.get() is made
    assert table.reads == 1
    assert first.counted == {BUILT: 1, HIT: 1}
    assert second.counted == {LOADED: 1, HIT: 1}


@pytest.mark.parametrize("shared", [True, False])
def test_a_matrix_is_never_older_than_the_setting(
    table: Table, bucket: Bucket, clock: Clock, shared: bool
) -> None:
    process = Process(table, bucket if shared else None, clock)
    made = process.get()
    clock.now += SECONDS - 1
    assert process.get() is made
    other = Process(table, bucket if shared else None, clock)
    assert (other.get() is made) == shared
    clock.now += 1
    renewed = process.get()
    assert renewed.about.read_at == clock.now
    assert renewed is not made


def test_a_matrix_is_as_old_as_the_beginning_of_its_reading(table: Table, clock: Clock) -> None:
    def slowly(model_version: str) -> Iterator[Vector]:
        begun = clock.now
        for each in table(model_version):
            clock.now += 200
            yield each
        assert clock.now > begun

    process = Process(slowly, None, clock)
    begun = clock.now
    assert process.get().about.read_at == begun
    clock.now += 100
    process.get()
    assert process.counted[BUILT] == 2


def test_a_matrix_of_the_future_is_not_trusted(table: Table, bucket: Bucket, clock: Clock) -> None:
    Process(table, bucket, clock).get()
    clock.now -= 10 * SECONDS
    process = Process(table, bucket, clock)
    process.get()
    assert process.counted == {BUILT: 1}


def test_fresh_reads_the_table_and_renews_what_others_get(
    table: Table, bucket: Bucket, clock: Clock
) -> None:
    process, other = Process(table, bucket, clock), Process(table, bucket, clock)
    process.get()
    table.vectors.append(stored("p2", encode([2.0, 1.0], "float32")))
    assert process.get().products == ["p1"]
    assert process.get(fresh=True).products == ["p1", "p2"]
    assert process.get().products == ["p1", "p2"]
    assert other.get().products == ["p1", "p2"]
    assert table.reads == 2
    assert bucket.calls["load"] == 2  # a fresh one does not look there


def test_no_seconds_keep_nothing(table: Table, bucket: Bucket, clock: Clock) -> None:
    process = Process(table, bucket, clock, seconds=0)
    assert process.get() is not process.get()
    assert process.counted == {BUILT: 2}
    assert not bucket.calls


def test_a_damaged_object_is_made_anew_and_counted(
    table: Table, bucket: Bucket, clock: Clock
) -> None:
    bucket.load_error = DamagedMatrixError("its digest is not the one it was stored with")
    process = Process(table, bucket, clock)
    assert process.get().products == ["p1"]
    assert process.counted == {DAMAGED: 1, BUILT: 1}
    bucket.load_error = None
    other = Process(table, bucket, clock)
    other.get()
    assert other.counted == {LOADED: 1}


def test_a_bucket_that_fails_does_not_fail_the_request(
    table: Table, bucket: Bucket, clock: Clock
) -> None:
    bucket.load_error = BucketUnreachableError("no answer")
    process = Process(table, bucket, clock)
    assert process.get().products == ["p1"]
    assert process.counted == {FAILURE: 1, BUILT: 1}
    assert bucket.calls == {"load": 1}  # and is not waited for a second time

    bucket.load_error, bucket.save_error = None, BucketUnreachableError("no answer")
    other = Process(table, bucket, clock)
    assert other.get().products == ["p1"]
    assert other.counted == {FAILURE: 1, BUILT: 1}
    assert other.get() is other.get()


def test_what_is_left_out_is_counted(table: Table, clock: Clock) -> None:
    table.vectors.append(stored("p2", encode([1.0], "float32")))
    process = Process(table, None, clock)
    assert process.get().about.left_out == 1
    assert process.counted == {BUILT: 1, LEFT_OUT: 1}
    assert process.get(dimension=1).products == ["p2"]


def test_the_least_recently_used_go_when_the_memory_is_full(table: Table, clock: Clock) -> None:
    process = Process(table, None, clock, most_bytes=2 * row_bytes(2, "p0"))
    process.get("a")
    process.get("b")
    process.get("a")
    process.get("c")
    process.get("a")
    process.get("c")
    assert process.counted == {BUILT: 3, HIT: 3}
    process.get("b")
    assert process.counted == {BUILT: 4, HIT: 3}


def test_more_than_the_memory_holds_is_refused(table: Table, clock: Clock) -> None:
    table.vectors *= 3
    process = Process(table, None, clock, most_bytes=2 * row_bytes(2, "p0"))
    with pytest.raises(TooManyVectorsError):
        process.get()
    table.vectors.pop()
    assert len(process.get().products) == 2


class Gate:
    """A table whose reading waits until it is let on."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.begun = threading.Semaphore(0)
        self.on = threading.Semaphore(0)
        self.error: Exception | None = None

    def __call__(self, model_version: str) -> Iterator[Vector]:
        found = self.table(model_version)
        self.begun.release()
        assert self.on.acquire(timeout=10)
        if self.error:
            raise self.error
        return found


def test_requests_at_the_same_time_share_the_work(table: Table, clock: Clock) -> None:
    gate = Gate(table)
    process = Process(gate, None, clock)
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(process.get) for _ in range(8)]
        assert gate.begun.acquire(timeout=10)
        gate.on.release(8)
        found = [each.result(timeout=10) for each in asked]
    assert table.reads == 1
    assert all(each is found[0] for each in found)


def test_a_request_takes_what_another_has_made_since_it_looked(
    table: Table, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = Process(table, None, clock)
    flights = process.matrices._flights
    share, others = flights.do, [process.get]

    def after_another(*asked: Any, **more: Any) -> ModelMatrix:
        if others:
            others.pop()()
        return share(*asked, **more)

    monkeypatch.setattr(flights, "do", after_another)
    assert process.get() is process.get()
    assert table.reads == 1
    assert process.counted == {BUILT: 1, HIT: 2}


def test_an_error_is_told_to_all_and_not_kept(table: Table, clock: Clock) -> None:
    gate = Gate(table)
    gate.error = TooManyVectorsError(1)
    process = Process(gate, None, clock)
    with ThreadPoolExecutor(2) as threads:
        asked = [threads.submit(process.get) for _ in range(2)]
        gate.on.release(2)
        for each in asked:
            with pytest.raises(TooManyVectorsError):
                each.result(timeout=10)
    gate.error = None
    gate.on.release()
    assert process.get().products == ["p1"]


def test_fresh_does_not_take_what_was_begun_before_it(table: Table, clock: Clock) -> None:
    """A vector that is stored while a matrix is being read is in the fresh one."""
    gate = Gate(table)
    process = Process(gate, None, clock)
    with ThreadPoolExecutor(4) as threads:
        early = threads.submit(process.get)
        assert gate.begun.acquire(timeout=10)
        table.vectors.append(stored("p2", encode([2.0, 1.0], "float32")))
        clock.now += 1
        late = [threads.submit(process.get, fresh=True) for _ in range(3)]
        gate.on.release()
        assert early.result(timeout=10).products == ["p1"]
        assert gate.begun.acquire(timeout=10)
        clock.now += 1
        gate.on.release(3)
        assert all(each.result(timeout=10).products == ["p1", "p2"] for each in late)
    assert process.get().products == ["p1", "p2"]


def test_fresh_does_not_take_what_another_request_finds_in_the_bucket(
    table: Table, bucket: Bucket, clock: Clock
) -> None:
    Process(table, bucket, clock).get()
    table.vectors.append(stored("p2", encode([2.0, 1.0], "float32")))
    looking, on = threading.Event(), threading.Event()

    class Slow(Bucket):
        def load(self, model_version: str, dimension: int, since: float) -> ModelMatrix | None:
            looking.set()
            assert on.wait(timeout=10)
            return bucket.load(model_version, dimension, since)

    process = Process(table, Slow(), clock)
    with ThreadPoolExecutor(2) as threads:
        clock.now += 1
        early = threads.submit(process.get)
        assert looking.wait(timeout=10)
        late = threads.submit(process.get, fresh=True)
        on.set()
        assert early.result(timeout=10).products == ["p1"]
        assert late.result(timeout=10).products == ["p1", "p2"]
