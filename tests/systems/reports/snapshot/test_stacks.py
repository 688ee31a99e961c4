"""The reports system in the templates: tables, bucket, names in the environment, users' tokens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from keyline.model import LONGEST_ENVIRONMENT
from keyline_deploy.environment import EnvironmentFileError, load, with_user_pool
from keyline_deploy.names import bucket_name
from keyline_deploy.systems import systems
from reports.system import SYSTEM as REPORTS
from systems.reports.stacks import MATRIX_BUCKET
from tests.support.templates import (
    ENVIRONMENTS,
    KEY_ARN,
    Template,
    Templates,
    no_bundle,
    only,
    resources,
    synthesize,
    text,
)

POOL = "us-east-1_AbCdEfGhI"
ISSUER = f"https://cognito-idp.us-east-1.amazonaws.com/{POOL}"
TABLE = "AWS::DynamoDB::GlobalTable"
FUNCTION = "AWS::Lambda::Function"
KEYS = {"k9-users": "user_id", "k9-reports": "id", "k9-embeddings": "product_id"}


def tables(templates: Templates, environment: str) -> dict[str, dict[str, Any]]:
    found = resources(templates(environment)[f"reports-data-{environment}"], TABLE)
    return {table["TableName"]: table for table in found.values()}


def types(table: dict[str, Any]) -> dict[str, str]:
    return {a["AttributeName"]: a["AttributeType"] for a in table["AttributeDefinitions"]}


def index(table: dict[str, Any], name: str) -> tuple[list[tuple[str, str, str]], Any]:
    """Return the key of an index as (attribute, role, type), and its projection."""
    (found,) = (i for i in table["GlobalSecondaryIndexes"] if i["IndexName"] == name)
    key = [
        (k["AttributeName"], k["KeyType"], types(table)[k["AttributeName"]])
        for k in found["KeySchema"]
    ]
    return key, found["Projection"]


@pytest.mark.requirement("K-01", "K-03", "K-07", "K-13", "K-33")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_three_tables_of_an_environment_s_own_have_the_specified_keys(
    environment: str, templates: Templates
) -> None:
    found = tables(templates, environment)
    assert set(found) == {f"{name}-{environment}" for name in KEYS}
    for name, key in KEYS.items():
        table = found[f"{name}-{environment}"]
        assert table["KeySchema"] == [{"AttributeName": key, "KeyType": "HASH"}]
        assert types(table)[key] == "S"


@pytest.mark.requirement("K-04", "K-08")
def test_reports_are_found_by_user_and_time_and_vectors_by_model(templates: Templates) -> None:
    found = tables(templates, "prod")
    whole = {"ProjectionType": "ALL"}
    assert index(found["k9-reports-prod"], "UserReportsIndex") == (
        [("user_id", "HASH", "S"), ("created_at", "RANGE", "S")],
        whole,
    )
    assert index(found["k9-embeddings-prod"], "ModelVersionIndex") == (
        [("model_version", "HASH", "S")],
        whole,
    )
    assert "GlobalSecondaryIndexes" not in found["k9-users-prod"]


@pytest.mark.requirement("K-11", "K-12", "K-14", "K-15", "K-70")
@pytest.mark.parametrize("name", KEYS)
def test_a_table_is_recoverable_encrypted_on_demand_and_has_a_stream(
    name: str, templates: Templates
) -> None:
    table = tables(templates, "prod")[f"{name}-prod"]
    (replica,) = table["Replicas"]
    assert replica["PointInTimeRecoverySpecification"] == {
        "PointInTimeRecoveryEnabled": True,
        "RecoveryPeriodInDays": 35,
    }
    assert table["SSESpecification"]["SSEEnabled"] is True
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"


@pytest.mark.requirement("K-35")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_functions_are_given_the_tables_names(environment: str, templates: Templates) -> None:
    template = templates(environment)[f"reports-service-{environment}"]
    names = set(tables(templates, environment))
    functions = resources(template, FUNCTION)
    assert len(functions) == 4
    for properties in functions.values():
        given = properties["Environment"]["Variables"]
        assert given["DYNAMODB_USERS_TABLE"] == f"k9-users-{environment}"
        assert given["DYNAMODB_REPORTS_TABLE"] == f"k9-reports-{environment}"
        assert given["DYNAMODB_EMBEDDINGS_TABLE"] == f"k9-embeddings-{environment}"
        assert {value for key, value in given.items() if key.startswith("DYNAMODB_")} == names


@pytest.mark.requirement("K-14", "K-37")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_bucket_is_private_versioned_encrypted_and_asks_for_tls(
    environment: str, templates: Templates
) -> None:
    template = templates(environment)[f"reports-data-{environment}"]
    bucket = only(template, "AWS::S3::Bucket")
    assert bucket["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    (lifecycle,) = bucket["LifecycleConfiguration"]["Rules"]
    assert lifecycle["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
    (statement,) = only(template, "AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"], statement["Condition"]) == (
        "Deny",
        "s3:*",
        {"Bool": {"aws:SecureTransport": "false"}},
    )
    (raw,) = (r for r in template["Resources"].values() if r["Type"] == "AWS::S3::Bucket")
    kept = load(environment).tables.removal_policy == "retain"
    assert raw["DeletionPolicy"] == ("RetainExceptOnCreate" if kept else "Delete")


@pytest.mark.requirement("K-37", "K-39")
def test_the_function_that_compares_vectors_alone_is_given_the_bucket(
    templates: Templates,
) -> None:
    template = templates("dev")["reports-service-dev"]
    bucket = "k9-similarity-dev-${AWS::AccountId}"
    data = only(templates("dev")["reports-data-dev"], "AWS::S3::Bucket")
    assert text(data["BucketName"]) == bucket

    given = {
        properties["FunctionName"]: text(
            properties["Environment"]["Variables"]["SIMILARITY_BUCKET"]
        )
        for properties in resources(template, FUNCTION).values()
        if "SIMILARITY_BUCKET" in properties["Environment"]["Variables"]
    }
    assert given == {"reports-similarity-dev": bucket}
    statements = [
        statement
        for role in resources(template, "AWS::IAM::Role").values()
        for policy in role["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if any(action.startswith("s3:") for action in _listed(statement["Action"]))
    ]
    this_account = {"StringEquals": {"aws:ResourceAccount": {"Ref": "AWS::AccountId"}}}
    assert [statement["Condition"] for statement in statements] == [this_account] * 2
    allowed = {
        (action, text(statement["Resource"]))
        for statement in statements
        for action in _listed(statement["Action"])
    }
    assert allowed == {
        ("s3:GetObject", f"arn:aws:s3:::{bucket}/matrices/*"),
        ("s3:PutObject", f"arn:aws:s3:::{bucket}/matrices/*"),
        ("s3:ListBucket", f"arn:aws:s3:::{bucket}"),
    }


def test_the_bucket_s_name_is_short_enough() -> None:
    assert len(bucket_name(MATRIX_BUCKET, LONGEST_ENVIRONMENT, "1" * 12)) <= 63


def test_a_key_of_one_s_own_encrypts_the_bucket_as_it_does_the_tables(tmp_path: Path) -> None:
    dev = load("dev")
    key = KEY_ARN.replace("eu-central-1", dev.region)
    own = msgspec.structs.replace(dev, tables=msgspec.structs.replace(dev.tables, encryption=key))
    stacks = synthesize(own, [REPORTS], tmp_path)

    bucket = only(stacks["reports-data-dev"].template, "AWS::S3::Bucket")
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": key,
    }
    assert rule["BucketKeyEnabled"] is True
    through_s3 = [
        role
        for role, properties in resources(
            stacks["reports-service-dev"].template, "AWS::IAM::Role"
        ).items()
        if "s3.us-east-1.amazonaws.com" in str(properties)
    ]
    assert len(through_s3) == 1
    assert through_s3[0].startswith("Similarity")


@pytest.mark.requirement("K-38")
def test_a_user_pool_s_id_is_all_that_its_users_need_to_be_let_in(tmp_path: Path) -> None:
    # Given dev as it ships, and a pool
    dev = with_user_pool(load("dev"), REPORTS, POOL, "-c reports:user_pool_id=")
    stacks = synthesize(dev, systems(), tmp_path)
    template = stacks["reports-service-dev"].template

    # Then the stack makes a client in it, and tokens are the pool's, made out to the client
    (client_id,) = resources(template, "AWS::Cognito::UserPoolClient")
    client = only(template, "AWS::Cognito::UserPoolClient")
    assert client["UserPoolId"] == POOL
    assert client["GenerateSecret"] is False
    assert client["AllowedOAuthFlowsUserPoolClient"] is False
    jwt = only(template, "AWS::ApiGatewayV2::Authorizer")["JwtConfiguration"]
    assert jwt == {"Issuer": ISSUER, "Audience": [{"Ref": client_id}]}
    assert template["Outputs"]["UserPoolClientId"]["Value"] == {"Ref": client_id}

    # And every route has that authorizer
    (authorizer,) = resources(template, "AWS::ApiGatewayV2::Authorizer")
    routes = resources(template, "AWS::ApiGatewayV2::Route").values()
    assert routes
    assert {route["AuthorizationType"] for route in routes} == {"JWT"}
    assert {route["AuthorizerId"]["Ref"] for route in routes} == {authorizer}

    # And functions are told to take access tokens only, which an authorizer does not look at
    _access_tokens_only(template)

    # And the other systems go on with the environment's issuer
    for name in {system.name for system in systems()} - {REPORTS.name}:
        other = only(stacks[f"{name}-service-dev"].template, "AWS::ApiGatewayV2::Authorizer")
        assert other["JwtConfiguration"]["Issuer"] == dev.auth.issuer


def test_without_a_pool_the_environment_s_issuer_holds(templates: Templates) -> None:
    template = templates("dev")["reports-service-dev"]
    assert resources(template, "AWS::Cognito::UserPoolClient") == {}
    auth = load("dev").auth
    assert only(template, "AWS::ApiGatewayV2::Authorizer")["JwtConfiguration"] == {
        "Issuer": auth.issuer,
        "Audience": [auth.audience],
    }
    _access_tokens_only(template)


def _access_tokens_only(template: Template) -> None:
    """Check that every function is told which tokens are access tokens."""
    for properties in resources(template, FUNCTION).values():
        told = json.loads(properties["Environment"]["Variables"]["KEYLINE_SETTINGS"])
        assert told["access_tokens"] == [{"claim": "token_use", "member": "access"}]


def test_a_pool_of_no_system_is_named_with_the_one_that_was_meant(tmp_path: Path) -> None:
    dev = msgspec.structs.replace(load("dev"), user_pools={"report": POOL})
    with pytest.raises(EnvironmentFileError, match=r"user_pools\.report: .*Did you mean 'reports'"):
        synthesize(dev, systems(), tmp_path, bundler=no_bundle(tmp_path))


def test_a_pool_of_a_system_that_takes_none_is_refused(tmp_path: Path) -> None:
    without = [msgspec.structs.replace(REPORTS, user_pool=False)]
    dev = msgspec.structs.replace(load("dev"), user_pools={"reports": POOL})
    with pytest.raises(EnvironmentFileError, match="are not users of a user pool") as refused:
        synthesize(dev, without, tmp_path, bundler=no_bundle(tmp_path))
    assert refused.value.path == "dev.toml: user_pools.reports"


def _listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]
