"""Shared work: done once for all that ask meanwhile, and never stale for a fresh call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as really_wait
from functools import partial

import pytest

from keyline.cache import SingleFlight, single_flight

MANY = 8
PATIENCE = 10.0


class Work:
    """Work that waits until it is let on, and counts how often it was done."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.on = threading.Semaphore(0)
        self.times = 0
        self.running = 0
        self.most_running = 0
        self.error: Exception | None = None
        self._lock = threading.Lock()

    def __call__(self) -> int:
        with self._lock:
            self.times += 1
            self.running += 1
            self.most_running = max(self.running, self.most_running)
            number = self.times
        self.begun.release()
        assert self.on.acquire(timeout=PATIENCE)
        with self._lock:
            self.running -= 1
        if self.error is not None:
            raise self.error
        return number


class Key:
    """A key that tells of each time that it is looked up; all are equal.

    A call looks its key up once to see whether somebody works, and once more to say that it does.
    """

    def __init__(self) -> None:
        self.looked = threading.Semaphore(0)

    def __hash__(self) -> int:
        self.looked.release()
        return 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key)


class Calls:
    """Calls in threads of their own."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self.flights: SingleFlight[Key, int] = SingleFlight()
        self.work = Work()
        self._threads = threads

    def start(self, key: Key | None = None, *, fresh: bool = False) -> Future[int]:
        """Start a call, and wait until it has looked whether somebody works."""
        own = key or Key()
        started = self._threads.submit(self.flights.do, own, self.work, fresh=fresh)
        assert own.looked.acquire(timeout=PATIENCE)
        return started

    def working(self, *, fresh: bool = False) -> Future[int]:
        """Start a call, and wait until it works."""
        started = self.start(fresh=fresh)
        assert self.work.begun.acquire(timeout=PATIENCE)
        return started


@pytest.fixture
def calls() -> Iterator[Calls]:
    with ThreadPoolExecutor(MANY) as threads:
        yield Calls(threads)


def results(started: Sequence[Future[int]]) -> list[int]:
    return [each.result(timeout=PATIENCE) for each in started]


def test_calls_at_the_same_time_share_the_work(calls: Calls) -> None:
    started = [calls.working(), *(calls.start() for _ in range(MANY - 1))]
    calls.work.on.release()
    assert results(started) == [1] * MANY
    assert calls.work.times == 1


def test_a_result_is_not_kept(calls: Calls) -> None:
    calls.work.on.release(2)
    assert results([calls.start()]) == [1]
    assert results([calls.start()]) == [2]


def test_another_key_has_work_of_its_own() -> None:
    flights, met = SingleFlight[str, str](), threading.Barrier(2)

    def meet(name: str) -> str:
        met.wait(PATIENCE)
        return name

    with ThreadPoolExecutor(2) as threads:
        started = [threads.submit(flights.do, name, partial(meet, name)) for name in "ab"]
        assert [each.result(timeout=PATIENCE) for each in started] == ["a", "b"]


def test_an_error_reaches_all_who_wait_and_is_not_kept(calls: Calls) -> None:
    calls.work.error = ValueError("no result")
    started = [calls.working(), *(calls.start() for _ in range(MANY - 1))]
    calls.work.on.release()
    for each in started:
        with pytest.raises(ValueError, match="no result"):
            each.result(timeout=PATIENCE)
    assert calls.work.times == 1

    calls.work.error = None
    calls.work.on.release()
    assert results([calls.start()]) == [2]


def test_a_fresh_call_does_not_take_work_that_began_before_it(calls: Calls) -> None:
    early = calls.working()
    fresh = calls.start(fresh=True)
    calls.work.on.release(2)
    assert results([early, fresh]) == [1, 2]
    assert calls.work.most_running == 1


def test_a_fresh_call_does_not_take_fresh_work_that_began_before_it(calls: Calls) -> None:
    started = [calls.working(fresh=True), calls.start(fresh=True)]
    calls.work.on.release(2)
    assert results(started) == [1, 2]


def test_fresh_calls_share_fresh_work_that_began_after_them(calls: Calls) -> None:
    early, key = calls.working(), Key()
    fresh = [calls.start(key, fresh=True) for _ in range(2)]
    calls.work.on.release()
    for _ in range(3):  # both look again, and one of them works
        assert key.looked.acquire(timeout=PATIENCE)
    calls.work.on.release()
    assert results([early, *fresh]) == [1, 2, 2]


def test_a_fresh_call_does_not_take_work_that_is_not_fresh(
    calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such work may answer from what is kept, though it began after the fresh call."""
    between: list[Callable[[], object]] = [calls.working]

    def wait(futures: Sequence[Future[int]]) -> None:
        really_wait(futures)
        if between:
            between.pop()()

    monkeypatch.setattr(single_flight, "wait", wait)
    early, key = calls.working(), Key()
    fresh = calls.start(key, fresh=True)
    calls.work.on.release()
    assert key.looked.acquire(timeout=PATIENCE)  # it sees the work that began in between
    calls.work.on.release(2)
    assert results([early, fresh]) == [1, 3]


def test_a_fresh_call_is_not_told_the_error_of_work_that_began_before_it(calls: Calls) -> None:
    calls.work.error = ValueError("no result")
    early = calls.working()
    fresh = calls.start(fresh=True)
    calls.work.on.release()
    with pytest.raises(ValueError, match="no result"):
        early.result(timeout=PATIENCE)
    assert calls.work.begun.acquire(timeout=PATIENCE)
    calls.work.error = None
    calls.work.on.release()
    assert results([fresh]) == [2]


def test_a_call_takes_fresh_work_that_is_going_on(calls: Calls) -> None:
    started = [calls.working(fresh=True), calls.start()]
    calls.work.on.release()
    assert results(started) == [1, 1]
