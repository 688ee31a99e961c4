"""`keyline plan --environment`: over what runs on AWS, against moto's CloudFormation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from keyline_ops.plan.filling import Filling
from keyline_ops.plan.running_stacks import _filling
from tests.keyline_ops.unit.plan.made import TABLE, Made
from tests.support.commands import keyline

REGION = "us-east-1"
NAME = "orders-data-dev"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A stack that runs, with 10 items in its table."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        made = running()
        client = boto3.client("cloudformation", region_name=REGION)
        client.create_stack(
            StackName=NAME,
            TemplateBody=json.dumps(made.template),
            Parameters=[{"ParameterKey": "Stage", "ParameterValue": "dev"}],
        )
        table = boto3.resource("dynamodb", region_name=REGION).Table("orders-dev")
        for number in range(10):
            table.put_item(Item={"pk": f"p{number}", "sk": "s", "status": "new"})
        yield client


def running() -> Made:
    """Return a table whose name depends on a parameter; `prod` is its default."""
    made = Made(TABLE)
    made.template["Parameters"]["Stage"] = {"Type": "String", "Default": "prod"}
    made.props["TableName"] = {"Fn::Sub": "orders-${Stage}"}
    return made


def assembly(folder: Path, made: Made, name: str = NAME) -> str:
    """Return an assembly of one stack."""
    made.template["Parameters"]["Stage"]["Default"] = "dev"
    (folder / "data.json").write_text(json.dumps(made.template), encoding="utf-8")
    artifact = {
        "type": "aws:cloudformation:stack",
        "environment": f"aws://unknown-account/{REGION}",
        "properties": {"templateFile": "data.json", "stackName": name},
    }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": {"Data": artifact}}))
    return str(folder)


def planned(to: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    code = keyline("plan", "--environment", "dev", "--to", to, "--json")
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, told


def test_what_runs_has_the_parameters_that_it_was_given(
    aws: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = planned(assembly(tmp_path, running()), capsys)
    assert (code, [table["changes"] for table in told["tables"]]) == (0, [[]])
    assert told["tables"][0]["name"] == "orders-dev"


@pytest.mark.requirement("T-74")
def test_a_new_index_says_what_filling_it_takes(
    aws: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = running()
    made.add_index("by-day", "day")
    code, told = planned(assembly(tmp_path, made), capsys)
    messages = [change["message"] for change in told["tables"][0]["changes"]]
    assert code == 0
    assert any("up to 10 items, 10 write units" in message for message in messages), messages


def test_a_change_of_what_runs_is_judged(
    aws: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = running()
    made.place["DeletionProtectionEnabled"] = False
    assert planned(assembly(tmp_path, made), capsys)[0] == 3


def test_a_stack_that_does_not_run_is_new(
    aws: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = planned(assembly(tmp_path, running(), "users-data-dev"), capsys)
    assert code == 0
    assert told["tables"][0]["changes"][0]["message"] == "is created."


def test_the_local_environment_has_no_stacks(tmp_path: Path) -> None:
    to = assembly(tmp_path, running())
    assert keyline("plan", "--environment", "local", "--to", to) == 1


def test_an_index_under_way_holds_up_the_next_change() -> None:
    found = _filling(
        {
            "ItemCount": 1_000,
            "TableSizeBytes": 1_500_000,
            "GlobalSecondaryIndexes": [
                {"IndexName": "a", "IndexStatus": "CREATING", "Backfilling": True},
                {"IndexName": "b", "IndexStatus": "ACTIVE"},
            ],
        }
    )
    assert found == Filling(items=1_000, write_units=2_000, busy=("a",))
    assert found.told("us-east-1").endswith("2,000 write units, about 0 min, $0.00")
    assert found.told("eu-west-1").endswith("about 0 min")
