"""The KMS key that an environment asks for, and who may use it."""

from __future__ import annotations

import json
from collections.abc import Mapping

import msgspec
import pytest

from keyline_cdk.handler_function import KEY_ACTIONS
from keyline_deploy.environment import SharedCache, Tables
from keyline_deploy.systems import systems
from stacks.application import build
from tests.support.templates import FULL, Template, new_app, no_bundle, resources

ENVIRONMENT = msgspec.structs.replace(
    FULL, tables=Tables(encryption="customer-managed"), cache=SharedCache(), systems={}
)
ARN = "{{resolve:ssm:/keyline/full/key/arn}}"


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Template]:
    folder = tmp_path_factory.mktemp("key")
    app = new_app(folder, checks=False)
    build(app, ENVIRONMENT, systems(), no_bundle(folder))
    return {stack.stack_name: stack.template for stack in app.synth().stacks}


@pytest.mark.requirement("X-18")
def test_the_key_rotates_and_is_kept_as_the_tables_are(templates: Mapping[str, Template]) -> None:
    account = templates["account-full"]
    (id,) = resources(account, "AWS::KMS::Key")
    key = account["Resources"][id]
    assert key["Properties"]["EnableKeyRotation"] is True
    assert key["Properties"]["PendingWindowInDays"] == 30
    policies = (key["DeletionPolicy"], key["UpdateReplacePolicy"])
    assert policies == ("RetainExceptOnCreate", "Retain")
    (alias,) = resources(account, "AWS::KMS::Alias").values()
    assert alias["AliasName"] == "alias/keyline-full"
    told = {p["Name"]: p["Value"] for p in resources(account, "AWS::SSM::Parameter").values()}
    assert told == {"/keyline/full/key/arn": {"Fn::GetAtt": [id, "Arn"]}}


@pytest.mark.requirement("X-18")
def test_the_key_s_policy_lets_the_account_s_roles_and_dynamodb_use_it(
    templates: Mapping[str, Template],
) -> None:
    """A role uses the key if its own policy says so: of functions, streams and backups."""
    (key,) = resources(templates["account-full"], "AWS::KMS::Key").values()
    account, dynamodb = key["KeyPolicy"]["Statement"]
    assert account["Action"] == "kms:*"
    assert account["Principal"] == {"AWS": "arn:aws:iam::222222222222:root"}
    assert dynamodb["Principal"] == {"Service": "dynamodb.amazonaws.com"}
    assert dynamodb["Action"] == ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:ListGrants"]


@pytest.mark.requirement("X-18")
def test_all_that_holds_data_is_encrypted_with_the_key(templates: Mapping[str, Template]) -> None:
    seen = 0
    for template in templates.values():
        for table in resources(template, "AWS::DynamoDB::GlobalTable").values():
            (replica,) = table["Replicas"]
            assert replica["SSESpecification"] == {"KMSMasterKeyId": ARN}
            seen += 1
        for bucket in resources(template, "AWS::S3::Bucket").values():
            assert ARN in json.dumps(bucket["BucketEncryption"])
    assert seen == sum(len(system.tables) for system in systems())
    (cache,) = resources(templates["cache-full"], "AWS::ElastiCache::ServerlessCache").values()
    assert cache["KmsKeyId"] == ARN


@pytest.mark.requirement("X-18")
def test_every_function_that_touches_a_table_or_a_stream_may_use_the_key_through_dynamodb(
    templates: Mapping[str, Template],
) -> None:
    through = {"StringEquals": {"kms:ViaService": "dynamodb.eu-central-1.amazonaws.com"}}
    for system in systems():
        template = templates[f"{system.name}-service-full"]
        made = {
            function["FunctionName"]: template["Resources"][function["Role"]["Fn::GetAtt"][0]]
            for function in resources(template, "AWS::Lambda::Function").values()
        }
        for function in system.functions:
            role = made[f"{system.name}-{function.name}-full"]
            (policy,) = role["Properties"]["Policies"]
            granted = [
                statement
                for statement in policy["PolicyDocument"]["Statement"]
                if statement.get("Condition") == through
            ]
            assert bool(granted) is bool(function.access or function.source)
            for statement in granted:
                assert statement["Resource"] == ARN
                assert statement["Action"] == list(KEY_ACTIONS)


def test_the_key_is_made_before_all_that_is_encrypted_with_it(
    templates: Mapping[str, Template],
) -> None:
    names = list(templates)  # in the order of a deployment
    assert names.index("account-full") < min(
        names.index(name) for name in names if name != "account-full"
    )
