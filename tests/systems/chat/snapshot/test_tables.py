"""The chat system's tables in the template, statement by statement."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.templates import Templates, resources

INDEXES = {
    "ModuleAnalyticsIndex": ("moduleId", "N"),
    "StudentActivityIndex": ("studentId", "N"),
    "ProviderUsageIndex": ("provider", "S"),
}


def messages(templates: Templates, environment: str = "prod") -> dict[str, Any]:
    name = "ChatMessages" if environment == "prod" else f"ChatMessages-{environment}"
    template = templates(environment)[f"chat-data-{environment}"]
    (found,) = (
        table
        for table in resources(template, "AWS::DynamoDB::GlobalTable").values()
        if table["TableName"] == name
    )
    return found


def types(table: dict[str, Any]) -> dict[str, str]:
    return {a["AttributeName"]: a["AttributeType"] for a in table["AttributeDefinitions"]}


def keys(schema: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(key["AttributeName"], key["KeyType"]) for key in schema]


@pytest.mark.requirement("T-01")
@pytest.mark.parametrize("environment", ["dev", "staging", "prod", "local"])
def test_the_table_has_the_specified_name_and_key(environment: str, templates: Templates) -> None:
    table = messages(templates, environment)
    assert keys(table["KeySchema"]) == [("conversationId", "HASH"), ("timestamp", "RANGE")]
    assert types(table).items() >= {("conversationId", "S"), ("timestamp", "N")}


@pytest.mark.requirement("T-03", "X-03")
def test_it_is_on_demand(templates: Templates) -> None:
    table = messages(templates)
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert "WriteProvisionedThroughputSettings" not in table


@pytest.mark.requirement("T-04", "T-05", "T-06", "T-53")
def test_three_indexes_by_time_carry_whole_messages(templates: Templates) -> None:
    table = messages(templates)
    assert {
        index["IndexName"]: (keys(index["KeySchema"]), index["Projection"])
        for index in table["GlobalSecondaryIndexes"]
    } == {
        name: ([(attribute, "HASH"), ("timestamp", "RANGE")], {"ProjectionType": "ALL"})
        for name, (attribute, _) in INDEXES.items()
    }
    assert types(table).items() >= set(INDEXES.values())


@pytest.mark.requirement("T-47", "X-04")
def test_messages_expire_by_their_ttl(templates: Templates) -> None:
    assert messages(templates)["TimeToLiveSpecification"] == {
        "AttributeName": "ttl",
        "Enabled": True,
    }


@pytest.mark.requirement("T-75", "X-03")
def test_it_can_be_recovered_for_35_days(templates: Templates) -> None:
    (replica,) = messages(templates)["Replicas"]
    assert replica["PointInTimeRecoverySpecification"] == {
        "PointInTimeRecoveryEnabled": True,
        "RecoveryPeriodInDays": 35,
    }


@pytest.mark.requirement("X-05")
def test_its_stream_shows_new_messages(templates: Templates) -> None:
    assert messages(templates)["StreamSpecification"]["StreamViewType"] == "NEW_IMAGE"
