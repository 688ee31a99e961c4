"""`keyline up --assembly`, as far as nothing is started."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from keyline_ops.assembly import Chosen
from tests.keyline_local.foreign_apps import plain_template
from tests.keyline_local.local_assembly import write_assembly
from tests.support.commands import keyline


def test_a_check_lists_all_that_is_refused_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = {"Machine": {"Type": "AWS::EC2::Instance"}, "Pool": {"Type": "AWS::Cognito::UserPool"}}
    folder = write_assembly(tmp_path / "out", {"App": {"Resources": odd}})
    assert keyline("up", "--assembly", str(folder), "--check") == 1
    told = capsys.readouterr().out
    assert "App/Resources/Machine" in told
    assert "App/Resources/Pool" in told
    assert "run the app on an emulator of AWS" in told
    assert "2 refusals." in told

    assert keyline("up", "--assembly", str(folder), "--check", "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert [each["path"] for each in found["refusals"]] == [
        "App/Resources/Machine",
        "App/Resources/Pool",
    ]


def test_a_parameter_without_a_value_is_given_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check = ("up", "--assembly", str(plain_template(tmp_path)), "--check")
    assert keyline(*check) == 1
    assert "--parameter Stage=VALUE" in capsys.readouterr().out
    assert keyline(*check, "--parameter", "Stage=dev") == 0
    told = capsys.readouterr().out
    other = sys.version_info[:2] != (3, 12)  # the function is for python3.12
    assert ("Functions for python3.12 run on python3." in told) == other
    assert "The local platform can run it." in told
    assert keyline(*check, "--parameter", "Stage") == 2
    assert "is not NAME=VALUE" in capsys.readouterr().err


@pytest.mark.parametrize("option", [("--check",), ("--stack", "A"), ("--parameter", "A=b")])
def test_what_is_of_an_assembly_needs_one(
    option: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert keyline("up", *option) == 2
    assert "Name it with --assembly." in capsys.readouterr().err


def test_a_run_in_the_background_is_told_the_same(tmp_path: Path) -> None:
    chosen = Chosen(tmp_path, ["A", "B"], {"Stage": "dev"})
    assert chosen.arguments == [
        *("--assembly", str(tmp_path), "--stack", "A", "--stack", "B"),
        *("--parameter", "Stage=dev"),
    ]


def test_a_check_names_the_rules_whose_events_nothing_here_sends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def rule(bus: str, source: object) -> dict[str, object]:
        given = {"EventBusName": bus, "EventPattern": {"source": [source]}}
        return {"Type": "AWS::Events::Rule", "Properties": given}

    rules = {
        "Objects": rule("default", "aws.s3"),
        "Own": rule("default", "shop"),
        "Findings": rule("default", "aws.inspector2"),
        "Partner": rule("aws.partner/shop.example/1", {"prefix": "aws.partner"}),
    }
    folder = write_assembly(tmp_path / "out", {"App": {"Resources": rules}})
    assert keyline("up", "--assembly", str(folder), "--check") == 0
    told = capsys.readouterr().out
    named = [
        line.split("the rule ")[1].split(":")[0] for line in told.splitlines() if "rule" in line
    ]
    assert named == ["App-Findings", "App-Partner"]
