"""The rights of a system's functions on DynamoDB, and their requests."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from keyline_local.testing import Access, Credentials, Guard
from tests.support.platform import Running

STREAM = {"DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"}
"""What Lambda itself does in a consumer's name, before the consumer runs."""
TABLE = re.compile(r"^arn:aws:dynamodb:[^:]+:\d{12}:table/([^/]+)(?:/index/([^/]+))?$")


def guard_of(running: Running) -> Guard:
    """Return what takes note of each request of a function."""
    guard = running.platform.guard
    assert guard is not None
    return guard


def used(running: Running) -> set[Access]:
    """Return what the system's functions did since the platform started."""
    return {access for access in guard_of(running).seen if access.function in running.functions}


def assert_refused(
    running: Running, function: str, operation: str, request: dict[str, Any]
) -> None:
    """Check that a function's request is refused as AWS would, and not counted as used."""
    guard = guard_of(running)
    credentials = Credentials.of(function)
    session = boto3.session.Session(
        credentials.access_key, credentials.secret_key, credentials.session_token, "us-east-1"
    )
    dynamodb = session.client("dynamodb", endpoint_url=guard.url)
    seen = set(guard.seen)
    with pytest.raises(ClientError) as refused:
        dynamodb._make_api_call(operation, request)
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    access = Access(function, operation, request["TableName"], request.get("IndexName"))
    assert access in guard.denied
    assert guard.seen == seen


def granted(running: Running) -> set[Access]:
    """Return what the system's roles allow on tables, read from the JSON that CDK wrote."""
    return {
        Access(function, action, table, index)
        for template in running.assembly.glob("*.template.json")
        for function, policy in _policies(json.loads(template.read_text())["Resources"])
        if function in running.functions
        for statement in policy["Statement"]
        for action, table, index in _rights(statement)
    }


def _policies(resources: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for resource in resources.values():
        if resource["Type"] == "AWS::Lambda::Function":
            role = resources[resource["Properties"]["Role"]["Fn::GetAtt"][0]]["Properties"]
            assert "ManagedPolicyArns" not in role
            for policy in role["Policies"]:
                yield resource["Properties"]["FunctionName"], policy["PolicyDocument"]
    roots = {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::DynamoDB::ResourcePolicy"}
    assert not [r for r in resources.values() if r["Type"] in roots]


def _rights(statement: dict[str, Any]) -> Iterator[tuple[str, str, str | None]]:
    assert statement["Effect"] == "Allow"
    for name in _listed(statement["Action"]):
        service, _, action = name.partition(":")
        if service == "dynamodb" and action not in STREAM:
            for resource in _listed(statement["Resource"]):
                match = TABLE.match(resource)
                assert match, f"{name} on {resource} is not a single table or index"
                yield action, match[1], match[2]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
