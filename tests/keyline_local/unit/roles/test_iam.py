"""Test whether a role grants an action, and what a DynamoDB request asks of it."""

import base64
import json
import logging

import msgspec
import pytest

from keyline_local.dynamodb.uses import Use, uses
from keyline_local.resources import Statement
from keyline_local.roles.iam import Decision, allowing, evaluate
from keyline_local.roles.identity import Credentials, access_key_of

TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/Messages"
INDEX = f"{TABLE}/index/ByModule"


def statement(effect: str, actions: list[str], resources: list[str], **kwargs: object) -> Statement:
    conditions = {"conditions": kwargs} if kwargs else {}
    return Statement(effect=effect, actions=actions, resources=resources, **conditions)


@pytest.mark.parametrize(
    ("actions", "resources", "resource", "allowed"),
    [
        (["dynamodb:Query"], [TABLE], TABLE, True),
        (["dynamodb:Query"], [TABLE], INDEX, False),
        (["dynamodb:Query"], [f"{TABLE}/index/*"], INDEX, True),
        (["dynamodb:Query"], [f"{TABLE}/index/*"], TABLE, False),
        (["dynamodb:GetItem"], [TABLE], TABLE, False),
        (["dynamodb:Q*"], ["*"], INDEX, True),
        (["DYNAMODB:query"], [TABLE], TABLE, True),
        (["dynamodb:Quer?"], [TABLE], TABLE, True),
        (["dynamodb:Query?"], [TABLE], TABLE, False),
        (["dynamodb:Query"], [TABLE.lower()], TABLE, False),
        (["dynamodb:Query"], ["arn:aws:dynamodb:*:*:table/Mess*"], INDEX, True),
    ],
)
def test_wildcards(actions: list[str], resources: list[str], resource: str, allowed: bool) -> None:
    decision = evaluate([statement("Allow", actions, resources)], "dynamodb:Query", resource)
    assert decision == Decision(allowed)


def test_the_statements_that_allow_an_action_are_told_unless_one_denies_it() -> None:
    wide, narrow = (statement("Allow", [name], ["*"]) for name in ("*", "dynamodb:Query"))
    other = statement("Allow", ["dynamodb:GetItem"], ["*"])
    assert allowing([wide, other, narrow], "dynamodb:Query", TABLE) == [wide, narrow]
    assert allowing([other], "dynamodb:Query", TABLE) == []
    deny = statement("Deny", ["dynamodb:Query"], [TABLE])
    assert allowing([wide, deny], "dynamodb:Query", TABLE) == []
    assert allowing([wide, deny], "dynamodb:Query", INDEX) == [wide]


def test_explicit_deny_wins_over_any_allow() -> None:
    statements = [
        statement("Allow", ["*"], ["*"]),
        statement("Deny", ["dynamodb:Scan"], ["*"]),
    ]
    assert evaluate(statements, "dynamodb:Scan", TABLE) == Decision(allowed=False, explicit=True)
    assert evaluate(statements, "dynamodb:Query", TABLE) == Decision(allowed=True)


def test_nothing_is_granted_by_default() -> None:
    assert evaluate([], "dynamodb:Query", TABLE) == Decision(allowed=False)


def test_conditions_are_taken_for_what_allows_less(caplog: pytest.LogCaptureFixture) -> None:
    allows = statement("Allow", ["dynamodb:*"], ["*"], StringEquals={"a": "b"})
    denies = statement("Deny", ["dynamodb:*"], ["*"], StringEquals={"a": "b"})
    always = statement("Allow", ["dynamodb:*"], ["*"])
    with caplog.at_level(logging.WARNING):
        assert not evaluate([allows], "dynamodb:Query", TABLE).allowed
        assert evaluate([always, denies], "dynamodb:Query", TABLE) == (False, True)
    assert "StringEquals" in caplog.text


def test_the_records_of_a_stream_are_judged_by_the_table_of_the_iterator() -> None:
    held = b'{"table_name":"T","shard_id":"s","position":0}'
    iterator = base64.b64encode(held).rstrip(b"=").decode()
    assert uses("GetRecords", json.dumps({"ShardIterator": iterator}).encode()) == [
        Use("GetRecords", "T")
    ]
    assert uses("GetRecords", b'{"ShardIterator": "other"}') == [Use("GetRecords", "")]


@pytest.mark.parametrize(
    ("operation", "body", "expected"),
    [
        ("GetItem", {"TableName": "T", "Key": {}}, [Use("GetItem", "T")]),
        ("Query", {"TableName": "T", "IndexName": "I"}, [Use("Query", "T", "I")]),
        (
            "BatchGetItem",
            {"RequestItems": {"A": {"Keys": []}, "B": {"Keys": []}}},
            [Use("BatchGetItem", "A"), Use("BatchGetItem", "B")],
        ),
        ("BatchWriteItem", {"RequestItems": {"A": []}}, [Use("BatchWriteItem", "A")]),
        (
            "TransactWriteItems",
            {
                "TransactItems": [
                    {"Put": {"TableName": "A", "Item": {}}},
                    {"Update": {"TableName": "A"}},
                    {"Delete": {"TableName": "B"}},
                    {"ConditionCheck": {"TableName": "C"}},
                ]
            },
            [
                Use("PutItem", "A"),
                Use("UpdateItem", "A"),
                Use("DeleteItem", "B"),
                Use("ConditionCheckItem", "C"),
            ],
        ),
        (
            "TransactGetItems",
            {"TransactItems": [{"Get": {"TableName": "A"}}]},
            [Use("GetItem", "A")],
        ),
        ("ListTables", {}, [Use("ListTables", "")]),
        ("DescribeStream", {"StreamArn": "arn:s"}, [Use("DescribeStream", "", None, "arn:s")]),
    ],
)
def test_actions_of_a_request(operation: str, body: object, expected: list[Use]) -> None:
    assert uses(operation, json.dumps(body).encode()) == expected


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"TableName": 1}'])
def test_a_body_that_cannot_be_read_is_an_error(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        uses("GetItem", body)


def test_access_key_names_the_function() -> None:
    key = Credentials.of("notes-write").access_key
    assert (
        key == Credentials.of("notes-write").access_key != Credentials.of("notes-read").access_key
    )
    header = f"AWS4-HMAC-SHA256 Credential={key}/20261120/us-east-1/dynamodb/aws4_request, Sig=x"
    assert access_key_of(header.encode()) == key
    assert access_key_of(b"Bearer x") is None
