"""Test which phase a process takes itself to be in, however its parameter is read."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from keyline.migration.phase import Mode, Phase, PhaseUnknownError
from keyline.migration.polled_phase import PolledPhase

NAME = "/keyline/notes/test/migration-phase"
TEN = datetime(2026, 11, 20, 10, tzinfo=UTC).timestamp()


class Parameter:
    """The values that are read: one after the other, the last for ever."""

    def __init__(self, *values: Phase | Exception) -> None:
        self.values = list(values)
        self.reads = 0

    def __call__(self) -> Phase:
        self.reads += 1
        value = self.values.pop(0) if len(self.values) > 1 else self.values[0]
        if isinstance(value, Exception):
            raise value
        return value


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def polled(read: Callable[[], Phase]) -> tuple[PolledPhase, Clock, list[int]]:
    """Return a phase that is polled every 10 s, its clock, and the failures it counted."""
    clock, failures = Clock(), [0]

    def failed() -> None:
        failures[0] += 1

    return PolledPhase(Phase(Mode.TARGET), read, 10, failed, clock), clock, failures


@pytest.mark.requirement("M-38")
def test_the_parameter_is_read_once_in_so_many_seconds() -> None:
    read = Parameter(Phase(Mode.PARALLEL), Phase(Mode.READ_NEW, TEN))
    current, clock, _ = polled(read)
    assert [current().mode for _ in range(5)] == [Mode.PARALLEL] * 5
    clock.now += 9.9
    assert current().mode is Mode.PARALLEL
    assert read.reads == 1
    clock.now += 0.1
    assert current() == Phase(Mode.READ_NEW, TEN)
    assert read.reads == 2


@pytest.mark.requirement("M-38")
def test_a_read_that_fails_is_counted_said_and_changes_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failure = PhaseUnknownError(NAME, "was not read.")
    read = Parameter(failure, Phase(Mode.PARALLEL), failure, failure, Phase(Mode.READ_NEW))
    current, clock, failures = polled(read)
    with caplog.at_level(logging.ERROR):
        assert current().mode is Mode.TARGET  # the default, where nothing is known yet
    assert NAME in caplog.text
    seen = []
    for _ in range(4):
        clock.now += 10
        seen.append(current().mode)
    assert seen == [Mode.PARALLEL] * 3 + [Mode.READ_NEW]
    assert failures == [3]


def test_a_failed_read_is_not_repeated_at_once() -> None:
    read = Parameter(PhaseUnknownError(NAME, "was not read."))
    current, _, failures = polled(read)
    for _ in range(5):
        current()
    assert read.reads == 1
    assert failures == [1]


def test_one_thread_reads_while_the_others_go_on_with_what_is_known() -> None:
    reading, go_on = threading.Event(), threading.Event()
    first = [True]

    def read() -> Phase:
        if first:
            first.clear()
            return Phase(Mode.PARALLEL)
        reading.set()
        assert go_on.wait(10)
        return Phase(Mode.READ_NEW)

    current, clock, _ = polled(read)
    current()
    clock.now += 10
    found: list[Mode] = []
    reader = threading.Thread(target=lambda: found.append(current().mode))
    reader.start()
    assert reading.wait(10)
    assert current().mode is Mode.PARALLEL  # would wait for ever if it waited
    go_on.set()
    reader.join(10)
    assert found == [Mode.READ_NEW]
    assert current().mode is Mode.READ_NEW
