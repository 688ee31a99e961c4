"""Test what an app has that its alarms can watch."""

from __future__ import annotations

from typing import Any

import pytest

from keyline_deploy.alarm_rules import Watchable

TEMPLATES = [
    {
        "Resources": {
            "Orders": {
                "Type": "AWS::DynamoDB::GlobalTable",
                "Properties": {
                    "TableName": "Orders",
                    "GlobalSecondaryIndexes": [{"IndexName": "ByDay"}],
                },
            },
            "Other": {
                "Type": "AWS::DynamoDB::GlobalTable",
                "Properties": {"TableName": "Other", "GlobalSecondaryIndexes": []},
            },
        }
    },
    {
        "Resources": {
            "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {}},
            "Read": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "read"}},
        }
    },
]
WATCHABLE = Watchable(TEMPLATES, "prod")


def faults(**dimensions: Any) -> list[str]:
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    given = {"MetricName": "any", "Statistic": "Sum", "Dimensions": named}
    return [message for _, _, message, _ in WATCHABLE.faults(given)]


@pytest.mark.parametrize(
    "dimensions",
    [
        {"TableName": "Orders"},
        {"TableName": "Orders", "GlobalSecondaryIndexName": "ByDay"},
        {"TableName": "Orders", "Operation": "Query"},
        {"FunctionName": "read"},
        {"ApiId": {"Ref": "Api"}},
        {"Environment": "prod", "System": "orders"},
        {},
    ],
)
def test_what_the_app_has_can_be_watched(dimensions: dict[str, Any]) -> None:
    assert faults(**dimensions) == []


@pytest.mark.parametrize(
    ("dimensions", "said"),
    [
        ({"TableName": "Order"}, "the TableName Order"),
        ({"TableName": "Other", "GlobalSecondaryIndexName": "ByDay"}, "the GlobalSecondary"),
        ({"FunctionName": "write"}, "the FunctionName write"),
        ({"QueueName": "any"}, "the QueueName any"),
        ({"ApiId": {"Ref": "Another"}}, "the ApiId"),
        ({"Environment": "dev"}, "the Environment dev"),
    ],
)
def test_what_the_app_does_not_have_is_told(dimensions: dict[str, Any], said: str) -> None:
    (message,) = faults(**dimensions)
    assert said in message
    assert "does not have" in message
