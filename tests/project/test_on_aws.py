"""`make test-aws`, carried out on an emulator of AWS."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import boto3
import httpx
import pytest
from moto.server import ThreadedMotoServer

from keyline.errors import KeylineError
from keyline.variables import DYNAMODB_ENDPOINT
from keyline_deploy.alarms import MetricAlarm
from keyline_deploy.alarms.templates import TemplateAlarm, alarms_of
from tests.support import on_aws
from tests.support.templates import Templates

REGION = "us-east-1"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An emulator of AWS that every client of the process and of its children calls."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    httpx.post(f"{url}/moto-api/reset", trust_env=False).raise_for_status()
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv(on_aws.ALLOWED, "1")
    try:
        yield url
    finally:
        server.stop()


def tables() -> set[str]:
    return set(boto3.client("dynamodb", region_name=REGION).list_tables()["TableNames"])


def alarms() -> list[Any]:
    found = boto3.client("cloudwatch", region_name=REGION).describe_alarms()
    return [*found["MetricAlarms"], *found.get("CompositeAlarms", [])]


def make(name: str) -> None:
    boto3.client("dynamodb", region_name=REGION).create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def test_nothing_is_asked_without_leave(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(on_aws.ALLOWED)
    monkeypatch.setattr(boto3.session, "Session", lambda **_: pytest.fail("AWS was asked"))
    with pytest.raises(KeylineError, match="KEYLINE_AWS=1 make test-aws"):
        on_aws.main([])


def test_a_region_is_asked_for(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(KeylineError, match="AWS_REGION"):
        on_aws.main([])


def test_it_names_the_account_first_and_leaves_nothing(
    aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    # Given an account with a table of somebody else, and tests of which one leaves a table behind
    make("somebody-else")
    test = tmp_path / "test_leaves.py"
    test.write_text(
        "import os\n"
        "from tests.project.test_on_aws import make, tables\n"
        "from tests.support.engine import where\n"
        "def test_leaves():\n"
        f"    assert where(os.environ['{DYNAMODB_ENDPOINT}'])['endpoint_url'] == '{aws}'\n"
        "    make('StaffNotes-left')\n"
        "    make('another-app')\n"
    )
    monkeypatch.setattr(on_aws, "tried_alarms", lambda _: iter(()))

    # When it runs
    assert on_aws.main([str(test)], workers=0) == 0

    # Then it has named the account, the region and the cost before, and removed the table
    said = capfd.readouterr().out
    assert said.startswith("Account 123456789012, region us-east-1.")
    assert on_aws.COST in said.splitlines()[0]
    assert "StaffNotes-left was left behind, and is deleted." in said
    assert tables() == {"somebody-else", "another-app"}


def test_tests_that_fail_are_told_and_leave_nothing(
    aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = tmp_path / "test_fails.py"
    test.write_text(
        "from tests.project.test_on_aws import make\n"
        "def test_fails():\n    make('Keyline-left')\n    assert False\n"
    )
    monkeypatch.setattr(on_aws, "tried_alarms", lambda _: iter(()))
    assert on_aws.main([str(test)], workers=0) == 1
    assert tables() == set()


@pytest.fixture(scope="session")
def found(templates: Templates) -> list[TemplateAlarm]:
    """All alarms of the environment."""
    made = templates(on_aws.ENVIRONMENT)
    return [each for stack, text in made.items() for each in alarms_of(stack, text)]


def joins(each: TemplateAlarm) -> bool:
    return not isinstance(each.alarm, MetricAlarm)


def test_each_alarm_goes_off_and_is_deleted_and_a_refusal_is_told(
    aws: str,
    found: list[TemplateAlarm],
    templates: Templates,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # Given the alarms of one stack, of which some join others, which the emulator has not, and one
    # alarm that does not go off
    stack = next(each.stack for each in found if joins(each))
    template = json.dumps(templates(on_aws.ENVIRONMENT)[stack])
    (tmp_path / f"{stack}.template.json").write_text(template)
    silent = next(each for each in found if each.stack == stack and not joins(each))
    joined = [each for each in found if each.stack == stack and joins(each)]
    end, goes_off = f"-{silent.stack}-{silent.logical_id}", on_aws._goes_off
    monkeypatch.setattr(
        on_aws, "_goes_off", lambda to, name: not name.endswith(end) and goes_off(to, name)
    )

    # When all are tried, Then these alone are told, and nothing is left
    told = list(on_aws.tried_alarms(on_aws._allowed(), tmp_path))
    named = sorted(line.partition(": ")[0] for line in told)
    assert named == sorted(f"{each.stack}/{each.name}" for each in [silent, *joined])
    assert f"{len(joined)} that join others were tried" in capsys.readouterr().out
    assert alarms() == []


def test_an_alarm_that_joins_others_names_those_that_were_made(found: list[TemplateAlarm]) -> None:
    class Client:
        """Takes alarms that join others."""

        rules: ClassVar[dict[str, str]] = {}

        def put_composite_alarm(self, **given: Any) -> None:
            self.rules[given["AlarmName"]] = given["AlarmRule"]

    made = {on_aws._name("test", each) for each in found}
    for each in found:
        if joins(each):
            assert list(on_aws._joined(Client(), each, on_aws._name("test", each), "test")) == []
    assert Client.rules
    for rule in Client.rules.values():
        named = set(re.findall(r'"([^"]+)"', rule))
        assert named
        assert named <= made


def test_the_tests_that_run_there_are_in_the_project(root: Path) -> None:
    assert all(any((root / folder).glob("test_*.py")) for folder in on_aws.TESTS)
