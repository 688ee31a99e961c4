"""Each function's role is exactly what the function does."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from ops.local.dynamodb.guard import Access
from ops.local.dynamodb.identity import Credentials
from tests.e2e.chat.api import Api, fresh_id, fresh_name
from tests.e2e.chat.running import MESSAGES, ROLLUPS, Running

pytestmark = pytest.mark.xdist_group("chat")

STREAM = {"DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"}
"""What Lambda itself does in a consumer's name, before the consumer runs."""
TABLE = re.compile(r"^arn:aws:dynamodb:[^:]+:\d{12}:table/([^/]+)(?:/index/([^/]+))?$")


def granted(running: Running) -> set[Access]:
    """What the roles in the templates allow on tables, read from the JSON that CDK wrote."""
    return {
        Access(function, action, table, index)
        for template in running.assembly.glob("*.template.json")
        for function, policy in _policies(json.loads(template.read_text())["Resources"])
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
                assert match, f"{name} on {resource} is no single table or index"
                yield action, match[1], match[2]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def use_everything(api: Api, running: Running) -> set[str]:
    """Call every route so that each pattern runs, every stream and every schedule.

    Returns
    -------
    The routes that were called.
    """
    module, student, conversation = fresh_id(), fresh_id(), fresh_name()
    own = api.student(student)
    stored = api.post(conversation, own, moduleId=module)
    key = {"conversationId": conversation, "timestamp": stored["timestamp"]}
    now = time.time() * 1000
    # ranges that no other test asked for, so that no answer comes from the cache
    moments: dict[str, Any] = {"from": now - fresh_id(), "to": now}
    days = {"from": "2026-01-01", "to": f"2026-02-{fresh_id() % 28 + 1:02}"}
    provider = "anthropic"
    api.call("POST", "/messages/batch-get", json={"keys": [key]}).raise_for_status()
    api.get(f"/conversations/{conversation}/messages")
    api.get(f"/conversations/{conversation}/messages/{stored['timestamp']}")
    api.get(f"/modules/{module}/messages")
    api.get(f"/students/{student}/messages")
    api.get(f"/students/{student}/recent")
    api.get(f"/providers/{provider}/messages", **moments)
    for path in (f"/modules/{module}", f"/providers/{provider}", f"/students/{student}"):
        for asked in (moments, days):
            api.get(f"{path}/analytics", **asked)
        api.get(f"{path}/reports", **days)
    api.get(f"/providers/{provider}/today")
    api.get("/inactive-students", since=now)
    running.settle()
    assert running.run_schedules() == [False]
    return {
        *("POST /conversations/{conversationId}/messages", "POST /messages/batch-get"),
        "GET /conversations/{conversationId}/messages",
        "GET /conversations/{conversationId}/messages/{timestamp}",
        *("GET /modules/{moduleId}/messages", "GET /providers/{provider}/messages"),
        *("GET /students/{studentId}/messages", "GET /students/{studentId}/recent"),
        *("GET /modules/{moduleId}/analytics", "GET /modules/{moduleId}/reports"),
        *("GET /providers/{provider}/analytics", "GET /providers/{provider}/reports"),
        *("GET /students/{studentId}/analytics", "GET /students/{studentId}/reports"),
        *("GET /providers/{provider}/today", "GET /inactive-students"),
    }


@pytest.mark.requirement("X-07")
def test_each_role_is_exactly_what_its_function_used(api: Api, running: Running) -> None:
    # Given the templates' roles, and a guard that takes note of each request
    guard = running.platform.guard
    assert guard is not None
    denied = set(guard.denied)

    # When everything there is has run
    called = use_everything(api, running)
    assert called == {route.key for route in running.platform.deployment.apis[0].routes}

    # Then what was used is what is granted: nothing missing, nothing unused
    assert guard.seen == granted(running)
    assert guard.denied == denied
    assert {access.function for access in guard.seen} == {
        function.name for function in running.platform.deployment.functions
    }
    assert not any(access.action == "Scan" for access in guard.seen)


@pytest.mark.requirement("X-07")
@pytest.mark.parametrize(
    ("function", "operation", "request_"),
    [
        ("chat-write-local", "GetItem", {"TableName": ROLLUPS, "Key": {"pk": {"S": "a"}}}),
        ("chat-read-local", "PutItem", {"TableName": MESSAGES, "Item": {"a": {"S": "a"}}}),
        ("chat-read-local", "Scan", {"TableName": MESSAGES}),
        ("chat-analytics-local", "Scan", {"TableName": ROLLUPS}),
        (
            "chat-write-local",
            "Query",
            {
                "TableName": MESSAGES,
                "IndexName": "ModuleAnalyticsIndex",
                "KeyConditionExpression": "moduleId = :m",
                "ExpressionAttributeValues": {":m": {"N": "1"}},
            },
        ),
    ],
)
def test_what_is_not_granted_is_refused(
    running: Running, function: str, operation: str, request_: dict[str, Any]
) -> None:
    # Given the credentials of one function
    guard = running.platform.guard
    assert guard is not None
    credentials = Credentials.of(function)
    session = boto3.session.Session(
        credentials.access_key, credentials.secret_key, credentials.session_token, "us-east-1"
    )
    dynamodb = session.client("dynamodb", endpoint_url=guard.url)
    seen = set(guard.seen)

    # When they are used for what its role does not hold
    with pytest.raises(ClientError) as refused:
        dynamodb._make_api_call(operation, request_)

    # Then it is refused as AWS would, and counts as refused, not as used
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    index = request_.get("IndexName")
    assert Access(function, operation, request_["TableName"], index) in guard.denied
    assert guard.seen == seen
