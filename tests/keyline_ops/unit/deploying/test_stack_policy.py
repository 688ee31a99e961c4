"""The policy of a stack with tables."""

from __future__ import annotations

import json

import boto3
import pytest
from moto import mock_aws

from keyline_ops.deploying.stack_policy import allow_all, has_tables, keep_tables
from keyline_ops.plan.evaluate import Stack
from tests.keyline_ops.unit.plan.made import GLOBAL, TABLE, Made

NAME = "orders-data-prod"


def test_no_update_replaces_or_deletes_a_table_until_a_release_lets_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = boto3.client("cloudformation", region_name="us-east-1")
        stack = Stack(NAME, Made(TABLE).template)
        client.create_stack(StackName=NAME, TemplateBody=json.dumps(stack.template))

        def effects() -> list[str]:
            body = client.get_stack_policy(StackName=NAME)["StackPolicyBody"]
            return [each["Effect"] for each in json.loads(body)["Statement"]]

        keep_tables(client, stack)
        assert effects() == ["Allow", "Deny"]
        body = client.get_stack_policy(StackName=NAME)["StackPolicyBody"]
        denied = json.loads(body)["Statement"][1]
        assert denied["Action"] == ["Update:Replace", "Update:Delete"]
        assert denied["Condition"] == {"StringEquals": {"ResourceType": [TABLE, GLOBAL]}}
        allow_all(client, stack)
        assert effects() == ["Allow"]


@pytest.mark.parametrize(
    ("kind", "found"), [(TABLE, True), (GLOBAL, True), ("AWS::SQS::Queue", False)]
)
def test_a_stack_with_a_table_has_one(kind: str, *, found: bool) -> None:
    assert has_tables(Stack(NAME, {"Resources": {"It": {"Type": kind}}})) is found
