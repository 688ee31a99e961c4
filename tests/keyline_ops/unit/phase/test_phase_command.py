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

from keyline.errors import KeylineError
from keyline.migration import Mode, Phase
from keyline_deploy import systems
from keyline_deploy.environment import load
from keyline_deploy.project import ROOT
from keyline_ops import phase
from keyline_ops.cli import app
from keyline_ops.phase import carry_out, find, migrating, plan
from tests.support.sample.books import SMALL
from tests.support.sample.shop import MOVING

DEV = load("dev")
NAME = "/keyline/orders/dev/migration-phase"
NOW = 1_800_000_000.0
SYSTEMS = (SMALL, MOVING)
MIGRATING = find("orders", SYSTEMS)


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command know one system with a migration, and one without."""
    monkeypatch.setattr(systems, "systems", lambda: SYSTEMS)


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
    switch = plan(ssm, DEV, MIGRATING, Mode.READ_NEW, NOW)
    assert value(ssm) == "1"
    carry_out(ssm, switch)
    assert value(ssm) == "2@2027-01-15T08:00:00Z"
    assert Phase.parse(value(ssm), NAME).since == NOW


def test_the_present_phase_keeps_its_moment(ssm: Any) -> None:
    put(ssm, "2@2026-11-20T10:00:00Z")
    assert "2@2026-11-20T10:00:00Z" in run("orders", "2")
    assert value(ssm) == "2@2026-11-20T10:00:00Z"


def test_it_shows_and_says_what_it_means(ssm: Any) -> None:
    put(ssm, "1")
    shown = run("orders")
    assert f"{NAME} is 1" in shown
    assert MIGRATING.migration.meaning(1) in shown
    assert value(ssm) == "1"


def test_a_dry_run_writes_nothing(ssm: Any) -> None:
    put(ssm, "1")
    assert re.search(r"would be 2@\S+Z \(was 1\)", run("orders", "2", "--dry-run"))
    assert value(ssm) == "1"


@pytest.mark.parametrize(
    ("before", "to", "said"),
    [
        ("1", "2", [phase._FORWARD]),
        ("2", "3", [phase._FORWARD, phase._LAST]),
        ("3", "1", [MIGRATING.migration.back]),
        ("off", "3", [phase._LAST]),
    ],
)
def test_each_way_has_its_advice(ssm: Any, before: str, to: str, said: list[str]) -> None:
    put(ssm, before)
    told = json.loads(run("orders", to, "--json"))
    assert told["system"] == "orders"
    assert told["written"] is True
    assert told["before"] == before
    assert told["after"] == value(ssm)
    assert told["parameter"] == NAME
    advice = {phase._FORWARD, phase._LAST, MIGRATING.migration.back}
    assert [note for note in told["notes"] if note in advice] == said


def test_a_value_that_is_no_phase_is_shown_as_such(ssm: Any) -> None:
    put(ssm, "off")
    assert "'off' is not a phase" in run("orders")


def test_a_parameter_that_is_not_there_is_said_by_name(ssm: Any) -> None:
    with pytest.raises(KeylineError) as refused:
        plan(ssm, DEV, MIGRATING, None)
    assert refused.value.path == NAME
    assert "Deploy the system first" in refused.value.suggestion


def test_other_phases_there_are_none(ssm: Any) -> None:
    assert CliRunner().invoke(app, ["phase", "orders", "4"]).exit_code == 2


@pytest.mark.parametrize(
    ("name", "says"),
    [("order", "there is no such system."), ("2", "there is no such"), ("books", "has no mig")],
)
def test_a_system_without_a_migration_is_refused_with_the_names_of_those_that_have_one(
    name: str, says: str
) -> None:
    refused = CliRunner().invoke(app, ["phase", name, "--environment", "dev"]).exception
    assert isinstance(refused, KeylineError)
    assert refused.path == f"system {name}"
    assert says in refused.message
    assert refused.suggestion == "Systems with a migration: orders."


def test_where_no_system_has_a_migration_none_is_suggested() -> None:
    with pytest.raises(KeylineError) as refused:
        find("books", [SMALL])
    assert refused.value.suggestion == "Systems with a migration: none."


def test_without_a_system_the_phase_of_each_is_listed_and_nothing_written(ssm: Any) -> None:
    put(ssm, "2@2026-11-20T10:00:00Z")
    shown = run()
    for text in ("orders", "2@2026-11-20T10:00:00Z", MIGRATING.migration.meaning(2), NAME):
        assert text in shown
    (told,) = json.loads(run("--json"))
    assert (told["system"], told["parameter"]) == ("orders", NAME)
    assert (told["before"], told["after"]) == (value(ssm), value(ssm))
    assert told["written"] is False
    assert value(ssm) == "2@2026-11-20T10:00:00Z"


def test_help_has_examples() -> None:
    shown = CliRunner().invoke(app, ["phase", "--help"]).output
    assert "keyline phase SYSTEM 2 --dry-run" in shown


@pytest.mark.parametrize("of", migrating(systems.systems()), ids=lambda of: of.system.name)
def test_the_runbook_of_a_migration_is_there_and_names_the_command(of: phase.Migrating) -> None:
    runbook = ROOT / of.migration.runbook
    assert runbook.is_file()
    assert f"keyline phase {of.system.name} 2" in runbook.read_text()
