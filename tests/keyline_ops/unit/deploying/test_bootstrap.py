"""The rights of CloudFormation, and the policy that has them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from moto import mock_aws

from keyline_deploy.environment import GitHub, load
from keyline_deploy.execution_rights import SERVICES, execution_policy
from keyline_ops.deploying import bootstrap
from keyline_ops.deploying.bootstrap import Bootstrap
from keyline_ops.deploying.cdk import Cdk

ACCOUNT = "123456789012"
MOST_CHARACTERS = 6_144
"""Of a policy, without spaces. Source: IAM user guide, "IAM and AWS STS quotas"."""


class Calls(Cdk):
    """Stands in for the CDK."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, str]] = []

    def bootstrap(self, where: str, policy: str) -> None:
        self.seen.append((where, policy))

    def deploy(self, assembly: Path, stacks: Sequence[str], more: Iterable[str] = ()) -> None:
        self.seen.append((assembly.name, " ".join(stacks)))


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield boto3.client("iam", region_name="us-east-1")


def document(iam: Any, arn: str) -> Any:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def test_the_policy_is_made_once_and_brought_up_to_date(
    aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    cdk = Calls()
    found = Bootstrap(load("dev"))
    for _ in range(2):
        found.carry_out(cdk, told.append)
    assert found.arn == f"arn:aws:iam::{ACCOUNT}:policy/keyline-deployment-dev"
    assert cdk.seen == [(f"aws://{ACCOUNT}/us-east-1", found.arn)] * 2
    assert [line.partition(": ")[2] for line in told] == ["brought up to date", "is up to date"]

    for number in range(6):  # more than the versions that a policy keeps
        changed = {**found.policy, "Statement": found.policy["Statement"][: number % 3 + 1]}
        monkeypatch.setattr(bootstrap, "execution_policy", lambda *_, made=changed: made)
        Bootstrap(load("dev")).carry_out(cdk, told.append)
        assert document(aws, found.arn) == changed


def test_the_policy_is_small_enough_and_makes_no_role_but_those_of_the_environment() -> None:
    policy = execution_policy(ACCOUNT, "prod")
    assert len(json.dumps(policy, separators=(",", ":"))) < MOST_CHARACTERS
    allowed = [each for each in policy["Statement"] if each["Effect"] == "Allow"]
    actions = {
        action for each in allowed for action in [each["Action"]] if action == "iam:PassRole"
    }
    assert actions == {"iam:PassRole"}
    of_roles = [each for each in allowed if "iam:" in str(each["Action"])]
    assert all(each["Resource"] != "*" for each in of_roles)
    assert "*" not in {action for each in allowed for action in each["Action"]}
    assert not any("iam:*" in each["Action"] for each in allowed)
    makes = [each["Resource"] for each in allowed if "iam:CreateRole" in each["Action"]]
    assert makes == [f"arn:aws:iam::{ACCOUNT}:role/keyline/prod/*"]


def test_the_roles_of_the_workflows_are_deployed_where_a_repository_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, Sequence[str]]] = []

    def synthesized(name: str, out: Path, context: Sequence[str]) -> Path:
        asked.append((name, context))
        return out

    monkeypatch.setattr(bootstrap, "up_to_date", synthesized)
    told: list[str] = []
    cdk = Calls()
    without = load("dev")
    Bootstrap(without).deploy_pipeline(cdk, told.append)
    assert (cdk.seen, asked, told) == ([], [], [])

    named = msgspec.structs.replace(without, account=ACCOUNT, github=GitHub(repository="acme/data"))
    Bootstrap(named).deploy_pipeline(cdk, told.append)
    assert cdk.seen == [("dev-pipeline", "")]
    assert asked == [("dev", ("part=pipeline",))]
    assert told == ["workflows of acme/data may plan and deploy dev"]


def test_every_service_has_one_name() -> None:
    assert len(set(SERVICES.values())) == len(SERVICES)
