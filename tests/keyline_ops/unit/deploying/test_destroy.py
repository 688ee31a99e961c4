"""The end of an environment: what refuses it, and buckets that are full."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from moto import mock_aws

from keyline.errors import KeylineError
from keyline_deploy.environment import Environment, Tables, load
from keyline_ops.deployed import Deployed
from keyline_ops.deploying import run
from keyline_ops.deploying.cdk import Cdk, DeploymentFailedError
from keyline_ops.deploying.cloudformation import CloudFormation
from keyline_ops.deploying.destroy import Destroying, check_destroyable
from keyline_ops.plan.evaluate import Stack
from tests.support.commands import keyline

REGION = "us-east-1"
BUCKET = "shop-files"


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """A stack with a bucket that has 1,200 versions and delete markers."""
    from moto.core.models import DEFAULT_ACCOUNT_ID
    from moto.s3.models import s3_backends

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        template: Any = {
            "Resources": {
                "Files": {
                    "Type": "AWS::S3::Bucket",
                    "Properties": {"BucketName": BUCKET},
                }
            }
        }
        client = boto3.client("cloudformation", region_name=REGION)
        client.create_stack(StackName="shop-data-dev", TemplateBody=json.dumps(template))
        s3 = boto3.client("s3", region_name=REGION)
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        keys = [f"k{number}" for number in range(600)]
        for key in keys:  # past the client, which takes milliseconds for each
            s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object(BUCKET, key, b"")
        s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in keys]})
        assert versions(s3) == 1_000  # as many as a page has
        yield Stack("shop-data-dev", template)


class Deleting(Cdk):
    """Stands in for the CDK: deletes the bucket as CloudFormation does, if it is empty."""

    def __init__(self, written_meanwhile: int = 0) -> None:
        super().__init__()
        self.calls = 0
        self._written = written_meanwhile

    def destroy(self, assembly: Path) -> None:
        self.calls += 1
        s3 = boto3.client("s3", region_name=REGION)
        if self.calls <= self._written:
            s3.put_object(Bucket=BUCKET, Key="late", Body=b"")
        if versions(s3):
            raise DeploymentFailedError("cdk destroy", "ended with exit code 1.")
        s3.delete_bucket(Bucket=BUCKET)


def versions(s3: Any) -> int:
    found = s3.list_object_versions(Bucket=BUCKET)
    return len(found.get("Versions", [])) + len(found.get("DeleteMarkers", []))


def destroying(stack: Stack) -> Destroying:
    cloud = CloudFormation(Deployed(load("dev")), print, pause=0)
    return Destroying(REGION, [stack, Stack("never-deployed", {})], cloud, print)


def test_what_is_deleted_is_said(stack: Stack) -> None:
    assert destroying(stack).steps() == [
        "delete the stack shop-data-dev",
        f"delete Bucket {BUCKET}, with all that is in it",
    ]


@pytest.mark.parametrize("written_meanwhile", [0, 1])
def test_a_full_bucket_is_emptied_again_where_something_was_written_meanwhile(
    stack: Stack, tmp_path: Path, written_meanwhile: int
) -> None:
    cdk = Deleting(written_meanwhile)
    destroying(stack).carry_out(cdk, tmp_path)
    assert cdk.calls == 1 + written_meanwhile
    assert boto3.client("s3", region_name=REGION).list_buckets()["Buckets"] == []


def test_what_was_never_made_or_is_gone_already_stops_nothing(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A creation that failed leaves resources without a name; people delete buckets by hand."""
    found = destroying(stack)
    listed = [
        {"ResourceType": "AWS::S3::Bucket", "ResourceStatus": "CREATE_FAILED"},
        {"ResourceType": "AWS::S3::Bucket", "ResourceStatus": "CREATE_FAILED"}
        | {"PhysicalResourceId": ""},
        {"ResourceType": "AWS::S3::Bucket", "ResourceStatus": "CREATE_COMPLETE"}
        | {"PhysicalResourceId": "gone-already"},
        {"ResourceType": "AWS::S3::Bucket", "ResourceStatus": "CREATE_COMPLETE"}
        | {"PhysicalResourceId": BUCKET},
    ]
    monkeypatch.setattr(CloudFormation, "resources", lambda *_: iter(listed))
    assert len(found.steps()) == 3
    found.carry_out(Deleting(), tmp_path)
    assert boto3.client("s3", region_name=REGION).list_buckets()["Buckets"] == []


@pytest.mark.parametrize("fails", [False, True])
def test_the_command_says_that_it_is_done_when_it_is(
    stack: Stack,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    fails: bool,
) -> None:
    monkeypatch.setattr(run, "WORK", tmp_path)
    monkeypatch.setattr("keyline_ops.synth.up_to_date", lambda *_, **__: tmp_path)
    monkeypatch.setattr("keyline_ops.plan.sources.read_assembly", lambda _: [stack])
    monkeypatch.setattr(
        "keyline_ops.deploying.cdk.Cdk", lambda *_: Deleting(written_meanwhile=2 if fails else 0)
    )
    asked = ["destroy", "--environment", "dev", "--json"]
    assert keyline(*asked, "--dry-run") == 0
    assert json.loads(capsys.readouterr().out)["done"] is False
    assert keyline(*asked, "--yes") == (2 if fails else 0)
    out = capsys.readouterr().out
    assert out == "" if fails else json.loads(out)["done"] is True


def test_a_stack_that_is_not_deleted_twice_is_an_error(stack: Stack, tmp_path: Path) -> None:
    with pytest.raises(DeploymentFailedError):
        destroying(stack).carry_out(Deleting(written_meanwhile=2), tmp_path)


@pytest.mark.parametrize(
    "environment",
    [
        load("prod"),
        load("staging"),
        msgspec.structs.replace(load("dev"), termination_protection=True),
        msgspec.structs.replace(
            load("dev"), tables=Tables(removal_policy="destroy", deletion_protection=True)
        ),
        msgspec.structs.replace(
            load("dev"), tables=Tables(removal_policy="retain", deletion_protection=False)
        ),
    ],
    ids=["prod", "staging", "termination", "deletion", "retain"],
)
def test_a_protected_environment_is_refused(environment: Environment) -> None:
    with pytest.raises(KeylineError, match="is protected"):
        check_destroyable(environment)


def test_an_environment_that_keeps_nothing_passes() -> None:
    check_destroyable(load("dev"))
