"""Deployments one after another, in an account of their own, and the end of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keyline_deploy.names import function_name
from keyline_deploy.systems import systems
from keyline_local import Issuer
from tests.support.deploy.assembly import Deployable, Template, deployable, resources
from tests.support.deploy.cdk import Cdk
from tests.support.deploy.deployment import ENVIRONMENT, Deployment
from tests.support.deploy.emulator import OTHER_ACCOUNT, Emulator

pytestmark = pytest.mark.deploy

PERMISSION = "dynamodb:PutItem"


@pytest.mark.requirement("X-01", "X-07")
def test_deploy_again_and_destroy(
    root: Path,
    emulator: Emulator,
    deployed_issuer: Issuer,
    dev_assembly: Path,
    deployable_dev: Deployable,
    tmp_path: Path,
) -> None:
    cdk = Cdk(emulator, OTHER_ACCOUNT, root)
    deployment = Deployment(emulator, deployed_issuer, cdk, deployable_dev)
    cdk.bootstrap()

    # Given a deployment whose function lacks a permission that its code needs
    lacking = deployable(
        dev_assembly, tmp_path / "lacking", issuer=deployed_issuer.url, edit=_forbid
    )
    cdk.deploy(lacking)
    refused = _invoke(deployment)
    assert "AccessDenied" in refused["errorMessage"], refused
    assert PERMISSION in refused["errorMessage"], refused

    # When the environment is deployed as it is
    cdk.deploy(deployable_dev)

    # Then the role is repaired, and with it the function
    assert "errorMessage" not in _invoke(deployment)

    # And once more changes nothing
    before = deployment.events()
    said = cdk.deploy(deployable_dev)
    assert said.count("(no changes)") == len(deployable_dev.stacks), said
    assert deployment.events() == before

    # And nothing stays of it in the end, as the environment's removal policy says
    cdk.destroy(deployable_dev)
    assert list(_names(deployment)) == ["stack CDKToolkit"]


def _scheduled() -> str:
    """Return the name of a function that runs without input and writes to a table."""
    return next(
        function_name(system.name, function.name, ENVIRONMENT)
        for system in systems()
        for function in system.functions
        if function.schedule and "PutItem" in {access.action for access in function.access}
    )


def _forbid(template: Template) -> None:
    """Take one permission from one function's role."""
    for role in resources(template, "AWS::IAM::Role"):
        if _scheduled() in role["Properties"]["Description"]:
            (policy,) = role["Properties"]["Policies"]
            for statement in policy["PolicyDocument"]["Statement"]:
                actions = statement["Action"]
                actions = [actions] if isinstance(actions, str) else actions
                if PERMISSION in actions:
                    statement["Action"] = [a for a in actions if a != PERMISSION]


def _invoke(deployment: Deployment) -> dict[str, Any]:
    client = deployment.client("lambda")
    answer = client.invoke(FunctionName=_scheduled(), Payload=b"{}")
    found: dict[str, Any] = json.load(answer["Payload"])
    return found


def _names(deployment: Deployment) -> Iterator[str]:
    """Yield what the account has of the kinds that a deployment makes and that can be kept."""
    for stack in deployment.client("cloudformation").describe_stacks()["Stacks"]:
        yield f"stack {stack['StackName']}"
    for table in deployment.client("dynamodb").list_tables()["TableNames"]:
        yield f"table {table}"
    for function in deployment.client("lambda").list_functions()["Functions"]:
        yield f"function {function['FunctionName']}"
    for secret in deployment.client("secretsmanager").list_secrets()["SecretList"]:
        yield f"secret {secret['Name']}"
    for group in deployment.client("logs").describe_log_groups()["logGroups"]:
        yield f"log group {group['logGroupName']}"
    for queue in deployment.client("sqs").list_queues().get("QueueUrls", ()):
        yield f"queue {queue}"
    for topic in deployment.client("sns").list_topics()["Topics"]:
        yield f"topic {topic['TopicArn']}"
    for api in deployment.client("apigatewayv2").get_apis()["Items"]:
        yield f"API {api['Name']}"
    for bucket in deployment.client("s3").list_buckets()["Buckets"]:
        if not bucket["Name"].startswith("cdk-"):  # the toolkit's own
            yield f"bucket {bucket['Name']}"
    for parameter in deployment.client("ssm").describe_parameters()["Parameters"]:
        if not parameter["Name"].startswith("/cdk-bootstrap/"):
            yield f"parameter {parameter['Name']}"
