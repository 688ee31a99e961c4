"""`keyline phase`, against moto's Parameter Store."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from interactions.phase import Mode, parse
from keyline.problem import KeylineError
from keyline_deploy.environment import load
from keyline_ops import phase
from keyline_ops.cli import app
from keyline_ops.phase import carry_out, plan

DEV = load("dev")
NAME = "/keyline/interactions/dev/migration-phase"
NOW = 1_800_000_000.0


@pytest.fixture
def ssm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A Parameter Store, which the command uses as well."""
    with mock_aws():
        client = boto3.client("ssm", region_name=DEV.region)
        monkeypatch.setattr(phase, "parameter_store", lambda *_: client)
        yield client


def value(ssm: Any) -> str:
    return str(ssm.get_parameter(Name=NAME)["Parameter"]["Value"])


def put(ssm: Any, text: str) -> None:
    ssm.put_parameter(Name=NAME, Type="String", Value=text, Overwrite=True)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["phase", *arguments, "--environment", "dev"])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.requirement("M-38")
def test_a_switch_is_written_with_its_moment(ssm: Any) -> None:
    put(ssm, "1")
    switch = plan(ssm, DEV, Mode.READ_NEW, NOW)
    assert value(ssm) == "1"
    carry_out(ssm, switch)
    assert value(ssm) == "2@2027-01-15T08:00:00Z"
    assert parse(value(ssm), NAME).since == NOW


def test_the_present_phase_keeps_its_moment(ssm: Any) -> None:
    put(ssm, "2@2026-11-20T10:00:00Z")
    assert "2@2026-11-20T10:00:00Z" in run("2")
    assert value(ssm) == "2@2026-11-20T10:00:00Z"


def test_it_shows_and_says_what_it_means(ssm: Any) -> None:
    put(ssm, "1")
    shown = run()
    assert f"{NAME} is 1" in shown
    assert phase.MEANING[Mode.PARALLEL] in shown
    assert value(ssm) == "1"


def test_a_dry_run_writes_nothing(ssm: Any) -> None:
    put(ssm, "1")
    assert re.search(r"would be 2@\S+Z \(was 1\)", run("2", "--dry-run"))
    assert value(ssm) == "1"


@pytest.mark.parametrize(
    ("before", "to", "said"),
    [
        ("1", "2", [phase._FORWARD]),
        ("2", "3", [phase._FORWARD, phase._LAST]),
        ("3", "1", [phase._BACK]),
        ("off", "3", [phase._LAST]),
    ],
)
def test_each_way_has_its_advice(ssm: Any, before: str, to: str, said: list[str]) -> None:
    put(ssm, before)
    told = json.loads(run(to, "--json"))
    assert told["written"] is True
    assert told["before"] == before
    assert told["after"] == value(ssm)
    assert told["parameter"] == NAME
    advice = {phase._FORWARD, phase._LAST, phase._BACK}
    assert [note for note in told["notes"] if note in advice] == said


def test_a_value_that_is_no_phase_is_shown_as_such(ssm: Any) -> None:
    put(ssm, "off")
    assert "'off' is no phase" in run()


def test_a_parameter_that_is_not_there_is_said_by_name(ssm: Any) -> None:
    with pytest.raises(KeylineError) as refused:
        plan(ssm, DEV, None)
    assert refused.value.path == NAME
    assert "Deploy the system first" in refused.value.suggestion


def test_other_phases_there_are_none(ssm: Any) -> None:
    assert CliRunner().invoke(app, ["phase", "4"]).exit_code == 2
