"""Which phase a process takes itself to be in, whatever the parameter or SSM does."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from interactions import phase
from interactions.phase import Mode, Phase, PhaseUnknown, PolledPhase, parse, write
from interactions.settings import Settings

NAME = "/keyline/interactions/test/migration-phase"
TEN = datetime(2026, 11, 20, 10, tzinfo=UTC).timestamp()


class Parameter:
    """What is read: one value after the other, the last for ever."""

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
    """A phase that is polled every 10 s, its clock, and the failures it counted."""
    clock, failures = Clock(), [0]

    def failed() -> None:
        failures[0] += 1

    return PolledPhase(Phase(Mode.DYNAMODB), read, 10, failed, clock), clock, failures


@pytest.mark.requirement("M-38")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", Phase(Mode.PARALLEL, 5.0)),
        (" 3\n", Phase(Mode.DYNAMODB, 5.0)),
        ("2@2026-11-20T10:00:00Z", Phase(Mode.READ_NEW, TEN)),
        ("2@2026-11-20T11:00:00+01:00", Phase(Mode.READ_NEW, TEN)),
    ],
)
def test_a_value_is_a_phase_and_the_moment_since_when_sessions_are_new(
    text: str, expected: Phase
) -> None:
    assert parse(text, NAME, changed=5.0) == expected


@pytest.mark.parametrize(
    "text", ["", "0", "4", "two", "2@", "2@noon", "2@2026-11-20", "2@2026-11-20T10:00:00", "2 @x"]
)
def test_any_other_value_is_refused_by_name(text: str) -> None:
    with pytest.raises(PhaseUnknown) as refused:
        parse(text, NAME)
    assert refused.value.path == NAME
    assert refused.value.suggestion


def test_what_is_written_is_read_back() -> None:
    for mode in Mode:
        assert parse(write(Phase(mode, TEN)), NAME) == Phase(mode, TEN)


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
    failure = PhaseUnknown(NAME, "was not read.")
    read = Parameter(failure, Phase(Mode.PARALLEL), failure, failure, Phase(Mode.READ_NEW))
    current, clock, failures = polled(read)
    with caplog.at_level(logging.ERROR):
        assert current().mode is Mode.DYNAMODB  # the default, where nothing is known yet
    assert NAME in caplog.text
    seen = []
    for _ in range(4):
        clock.now += 10
        seen.append(current().mode)
    assert seen == [Mode.PARALLEL] * 3 + [Mode.READ_NEW]
    assert failures == [3]


def test_a_failed_read_is_not_repeated_at_once() -> None:
    read = Parameter(PhaseUnknown(NAME, "was not read."))
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


@pytest.fixture
def ssm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A Parameter Store."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with mock_aws():
        yield boto3.client("ssm", region_name="us-east-1")


@pytest.mark.requirement("M-38")
def test_a_function_follows_its_parameter(ssm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(phase.PARAMETER_VARIABLE, NAME)
    ssm.put_parameter(Name=NAME, Type="String", Value="2")
    failures: list[int] = []
    current = phase.of_function(Settings(phase_seconds=1e-9), lambda: failures.append(1))
    changed = ssm.get_parameter(Name=NAME)["Parameter"]["LastModifiedDate"].timestamp()
    assert current() == Phase(Mode.READ_NEW, changed)
    ssm.put_parameter(Name=NAME, Value="1@2026-11-20T10:00:00Z", Overwrite=True)
    assert current() == Phase(Mode.PARALLEL, TEN)
    ssm.put_parameter(Name=NAME, Value="off", Overwrite=True)
    assert current() == Phase(Mode.PARALLEL, TEN)
    ssm.delete_parameter(Name=NAME)
    assert current() == Phase(Mode.PARALLEL, TEN)
    assert len(failures) == 2


def test_an_ssm_that_does_not_answer_is_a_failure_like_any_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        monkeypatch.setattr(phase, "SSM_SECONDS", 0.05)
        with pytest.raises(PhaseUnknown, match="ReadTimeoutError"):
            phase.parameter_reader(NAME)()


def test_without_a_parameter_the_setting_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(phase.PARAMETER_VARIABLE, raising=False)
    assert phase.of_function(Settings(phase=2), lambda: None)() == Phase(Mode.READ_NEW)
    assert phase.of_function(Settings(), lambda: None)().mode is Mode.DYNAMODB
