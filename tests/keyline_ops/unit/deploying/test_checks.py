"""Messages before anything is made."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from moto import mock_aws

from keyline_deploy.environment import Environment, load
from keyline_ops.deploying.checks import NotReadyError, check_pools, check_ready
from keyline_ops.deploying.cloudformation import BrokenStackError, Told
from keyline_ops.plan.evaluate import Stack

ISSUER = "https://login.shop.dev/"
PARAMETER = "/cdk-bootstrap/hnb659fds/version"
POOL = "us-east-1_AbCdEfGhI"


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An account that is bootstrapped."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = boto3.client("ssm", region_name="us-east-1")
        client.put_parameter(Name=PARAMETER, Value="20", Type="String")
        yield client


@pytest.fixture
def assembly(tmp_path: Path) -> Path:
    properties = {
        "bootstrapStackVersionSsmParameter": PARAMETER,
        "requiresBootstrapStackVersion": 6,
    }
    artifact = {"type": "cdk:asset-manifest", "properties": properties}
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {"A": artifact}}))
    return tmp_path


def stack(kind: str, properties: Mapping[str, Any]) -> Stack:
    return Stack("shop", {"Resources": {"It": {"Type": kind, "Properties": dict(properties)}}})


def api(issuer: str) -> list[Stack]:
    return [stack("AWS::ApiGatewayV2::Authorizer", {"JwtConfiguration": {"Issuer": issuer}})]


def pool_client(pool: str) -> list[Stack]:
    return [stack("AWS::Cognito::UserPoolClient", {"UserPoolId": pool})]


def says(issuer: str) -> Any:
    def fetch(address: str) -> Any:
        assert address == "https://login.shop.dev/.well-known/openid-configuration"
        return {"issuer": issuer}

    return fetch


def unreachable(address: str) -> Any:
    raise OSError("no route to host")


def test_what_is_ready_passes(assembly: Path) -> None:
    check_ready(load("dev"), [], api(ISSUER), assembly, says(ISSUER))


@pytest.mark.parametrize(
    ("issuer", "message"),
    [
        ("https://dev.identity.example.com", "is a placeholder"),
        ("https://identity.test", "is a placeholder"),
        ("http://login.shop.dev/", "is not an https address"),
    ],
)
def test_an_issuer_that_cannot_be_one_is_refused(issuer: str, message: str, assembly: Path) -> None:
    with pytest.raises(NotReadyError, match=message):
        check_ready(load("dev"), [], api(issuer), assembly, says(issuer))


def test_an_issuer_without_a_discovery_document_is_refused(assembly: Path) -> None:
    with pytest.raises(NotReadyError, match="has no discovery document at https"):
        check_ready(load("dev"), [], api(ISSUER), assembly, unreachable)


def test_an_issuer_that_calls_itself_otherwise_is_refused(assembly: Path) -> None:
    with pytest.raises(NotReadyError, match="Every token would be refused"):
        check_ready(load("dev"), [], api(ISSUER), assembly, says(ISSUER.rstrip("/")))


def test_the_placeholders_of_prod_are_refused(assembly: Path) -> None:
    with pytest.raises(NotReadyError) as refused:
        check_ready(load("prod"), [], [], assembly, unreachable)
    assert refused.value.path == "prod.toml: account"
    own = msgspec.structs.replace(load("prod"), account="999999999999")
    with pytest.raises(NotReadyError) as refused:
        check_ready(own, [], [], assembly, unreachable)
    assert refused.value.path == "prod.toml: alarms.email"


def test_an_account_that_is_not_bootstrapped_is_refused(aws: Any, assembly: Path) -> None:
    aws.delete_parameter(Name=PARAMETER)
    with pytest.raises(NotReadyError, match="not bootstrapped") as refused:
        check_ready(load("dev"), [], [], assembly)
    assert refused.value.suggestion == "Run `make bootstrap ENV=dev` once."


def test_a_bootstrap_that_is_too_old_is_refused(aws: Any, assembly: Path) -> None:
    aws.put_parameter(Name=PARAMETER, Value="5", Type="String", Overwrite=True)
    with pytest.raises(NotReadyError, match="needs version 6 of the bootstrap stack"):
        check_ready(load("dev"), [], [], assembly)


def test_users_who_are_let_in_are_not_locked_out(assembly: Path) -> None:
    check_ready(load("dev"), pool_client(POOL), pool_client(POOL), assembly)
    with pytest.raises(NotReadyError, match="would lock them out"):
        check_ready(load("dev"), pool_client(POOL), [Stack("shop", {"Resources": {}})], assembly)


def with_pool(name: str, **pools: str) -> Environment:
    return msgspec.structs.replace(load(name), user_pools=pools)


@pytest.mark.parametrize(
    ("environment", "context", "passes"),
    [
        (load("dev"), f"user_pool_id={POOL}", True),
        (load("staging"), f"user_pool_id={POOL}", False),
        (with_pool("prod", shop=POOL), f"user_pool_id={POOL}", True),
        (with_pool("prod", shop=POOL), f"shop:user_pool_id={POOL}", True),
        (with_pool("dev", shop="us-east-1_Other"), f"user_pool_id={POOL}", False),
        (with_pool("dev", shop=POOL), f"other:user_pool_id={POOL}", False),
        (load("prod"), "cache=false", True),
    ],
)
def test_a_pool_of_the_caller_is_that_of_the_file(
    environment: Environment, context: str, *, passes: bool
) -> None:
    if passes:
        check_pools(environment, [context])
        return
    with pytest.raises(NotReadyError, match="lock its users out"):
        check_pools(environment, [context])


@pytest.mark.parametrize(
    ("status", "is_protected", "commands"),
    [
        ("ROLLBACK_COMPLETE", True, ["update-termination-protection", "delete-stack"]),
        ("ROLLBACK_FAILED", False, ["delete-stack"]),
        ("DELETE_FAILED", True, ["update-termination-protection", "delete-stack"]),
        ("UPDATE_ROLLBACK_FAILED", True, ["continue-update-rollback"]),
    ],
)
def test_a_stack_that_takes_no_deployment_is_named_with_the_way_out(
    status: str, commands: list[str], *, is_protected: bool
) -> None:
    with pytest.raises(BrokenStackError) as refused:
        Told("shop-data-prod", "us-east-1", status, is_protected).check()
    lines = refused.value.suggestion.splitlines()[1:]
    assert [line.split()[2] for line in lines] == commands
    assert all("--stack-name shop-data-prod --region us-east-1" in line for line in lines)


@pytest.mark.parametrize("status", ["", "CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_a_stack_that_takes_a_deployment_passes(status: str) -> None:
    Told("shop-data-prod", "us-east-1", status, is_protected=True).check()


def test_a_failed_creation_without_protection_is_left_to_the_cdk() -> None:
    Told("shop-data-dev", "us-east-1", "ROLLBACK_COMPLETE").check()
