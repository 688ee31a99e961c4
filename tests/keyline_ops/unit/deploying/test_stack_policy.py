"""The policy of a stack with tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from moto import mock_aws

from keyline.errors import KeylineError
from keyline_deploy.environment import Tables, load
from keyline_ops.deployed import Deployed
from keyline_ops.deploying.assembly import Entry, Waves, digest
from keyline_ops.deploying.cdk import Cdk, DeploymentFailedError
from keyline_ops.deploying.cloudformation import CloudFormation
from keyline_ops.deploying.fills import Pending
from keyline_ops.deploying.run import Run
from keyline_ops.deploying.stack_policy import allow_all, has_tables, keep_tables
from keyline_ops.plan.evaluate import Stack
from keyline_ops.plan.table_state import TABLE_TYPES
from tests.keyline_ops.unit.plan.made import GLOBAL, TABLE, Made

NAME = "orders-data-prod"


STACK = Stack(NAME, Made(TABLE).template)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """CloudFormation with a stack that has a table."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        made = boto3.client("cloudformation", region_name="us-east-1")
        made.create_stack(StackName=NAME, TemplateBody=json.dumps(STACK.template))
        yield made


def statements(client: Any) -> list[Any]:
    body = client.get_stack_policy(StackName=NAME)["StackPolicyBody"]
    return list(json.loads(body)["Statement"])


def effects(client: Any) -> list[str]:
    return [each["Effect"] for each in statements(client)]


def test_no_update_replaces_or_deletes_a_table_until_a_release_lets_it(client: Any) -> None:
    keep_tables(client, STACK)
    assert effects(client) == ["Allow", "Deny"]
    denied = statements(client)[1]
    assert denied["Action"] == ["Update:Replace", "Update:Delete"]
    assert denied["Condition"] == {"StringEquals": {"ResourceType": [TABLE, GLOBAL]}}
    allow_all(client, STACK)
    assert effects(client) == ["Allow"]


class Deploying(Cdk):
    """Stands in for the CDK: does something instead of a deployment."""

    def __init__(self, instead: Callable[[], None]) -> None:
        super().__init__()
        self._instead = instead

    def deploy(self, assembly: Path, stacks: Sequence[str], more: Iterable[str] = ()) -> None:
        self._instead()


def run(folder: Path, instead: Callable[[], None], *releases: str) -> None:
    """Make one wave of a deployment that changes nothing, in an environment that keeps data."""
    kept = Tables(removal_policy="retain", deletion_protection=True)
    where = Deployed(msgspec.structs.replace(load("dev"), tables=kept))
    now = {NAME: digest(STACK.template)}
    entry = Entry(steps=("deploy everything",), after=now, folder="1")
    Run(
        where=where,
        target=[STACK],
        cloud=CloudFormation(where, lambda _: None, pause=0),
        cdk=Deploying(instead),
        folder=folder,
        pending=Pending(folder / "fills.json"),
        tell=lambda _: None,
    ).carry_out(Waves(environment="dev", before=now, entries=(entry,), releases=releases))


@pytest.mark.parametrize(
    "end",
    [
        None,
        DeploymentFailedError("cdk", "failed."),
        KeylineError("cdk", "is missing."),
        KeyboardInterrupt(),
    ],
    ids=["done", "failed", "missing", "stopped"],
)
def test_a_release_lets_tables_be_replaced_no_longer_than_its_wave_lasts(
    client: Any, tmp_path: Path, end: BaseException | None
) -> None:
    seen: list[list[str]] = []

    def instead() -> None:
        seen.append(effects(client))
        if end is not None:
            raise end

    try:
        run(tmp_path, instead, "orders-data-prod.Orders")
    except (KeylineError, KeyboardInterrupt) as error:
        assert end is not None and type(error) is type(end)
    assert seen == [["Allow"]]
    assert effects(client) == ["Allow", "Deny"]


def test_what_a_killed_command_left_open_is_closed_before_the_next_wave(
    client: Any, tmp_path: Path
) -> None:
    allow_all(client, STACK)
    seen: list[list[str]] = []
    run(tmp_path, lambda: seen.append(effects(client)))
    assert seen == [["Allow", "Deny"]]


@pytest.mark.parametrize(
    ("kind", "found"), [(kind, True) for kind in TABLE_TYPES] + [("AWS::SQS::Queue", False)]
)
def test_a_stack_with_a_table_has_one(kind: str, *, found: bool) -> None:
    assert has_tables(Stack(NAME, {"Resources": {"It": {"Type": kind}}})) is found
