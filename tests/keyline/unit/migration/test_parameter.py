"""The phase of a function: its parameter's, whatever SSM does, or the setting's."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from keyline import variables
from keyline.migration import parameter
from keyline.migration.parameter import parameter_reader, phase_of_function
from keyline.migration.phase import Mode, Phase, PhaseUnknownError
from keyline.model.migration import MigrationSettings
from tests.keyline.unit.migration.counted import Counted
from tests.support.parameter_store import parameter_store
from tests.support.sample.shop import MOVING

NAME = "/keyline/notes/test/migration-phase"
TEN = datetime(2026, 11, 20, 10, tzinfo=UTC).timestamp()


@pytest.fixture
def ssm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A Parameter Store."""
    with parameter_store(monkeypatch) as client:
        yield client


@pytest.mark.requirement("M-38")
def test_a_function_follows_its_parameter(ssm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variables.PHASE_PARAMETER, NAME)
    ssm.put_parameter(Name=NAME, Type="String", Value="2")
    counted = Counted("test", MOVING)
    current = phase_of_function(MigrationSettings(phase_seconds=1e-9), counted)
    changed = ssm.get_parameter(Name=NAME)["Parameter"]["LastModifiedDate"].timestamp()
    assert current() == Phase(Mode.READ_NEW, changed)
    ssm.put_parameter(Name=NAME, Value="1@2026-11-20T10:00:00Z", Overwrite=True)
    assert current() == Phase(Mode.PARALLEL, TEN)
    ssm.put_parameter(Name=NAME, Value="off", Overwrite=True)
    assert current() == Phase(Mode.PARALLEL, TEN)
    ssm.delete_parameter(Name=NAME)
    assert current() == Phase(Mode.PARALLEL, TEN)
    assert counted.names == ["PhaseFailures"] * 2


def test_an_ssm_that_does_not_answer_is_a_failure_like_any_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        monkeypatch.setattr(parameter, "SSM_SECONDS", 0.05)
        with pytest.raises(PhaseUnknownError, match="no answer came in time"):
            parameter_reader(NAME)()


def test_without_a_parameter_the_setting_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(variables.PHASE_PARAMETER, raising=False)
    counted = Counted("test", MOVING)
    assert phase_of_function(MigrationSettings(phase=2), counted)() == Phase(Mode.READ_NEW)
    assert phase_of_function(MigrationSettings(), counted)().mode is Mode.TARGET
