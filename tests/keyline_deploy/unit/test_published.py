"""The list of dimension sets that exist."""

from __future__ import annotations

import pytest

from keyline_deploy.published import PUBLISHED, fault

TABLE = ["TableName"]
INDEX = ["TableName", "GlobalSecondaryIndexName"]
OPERATION = ["TableName", "Operation"]


@pytest.mark.requirement("X-06")
@pytest.mark.parametrize(
    ("metric", "dimensions"),
    [
        ("ReadThrottleEvents", TABLE),
        ("ReadThrottleEvents", INDEX),
        ("WriteKeyRangeThroughputThrottleEvents", INDEX),
        ("ReadAccountLimitThrottleEvents", INDEX),
        ("WriteAccountLimitThrottleEvents", TABLE),
        ("ConditionalCheckFailedRequests", TABLE),
        ("TransactionConflict", TABLE),
        ("TimeToLiveDeletedItemCount", TABLE),
        ("ThrottledRequests", OPERATION),
        ("SystemErrors", OPERATION),
        ("SuccessfulRequestLatency", OPERATION),
        ("ReturnedItemCount", ["Operation", "TableName"]),
        ("ReplicationLatency", ["TableName", "ReceivingRegion"]),
        ("UserErrors", []),
    ],
)
def test_what_dynamodb_publishes_is_accepted(metric: str, dimensions: list[str]) -> None:
    assert fault("AWS/DynamoDB", metric, dimensions) is None


@pytest.mark.requirement("X-06")
@pytest.mark.parametrize(
    ("metric", "dimensions"),
    [
        ("ReadThrottleEvents", []),
        ("ReadThrottleEvents", OPERATION),
        ("ReadThrottleEvents", ["GlobalSecondaryIndexName"]),
        ("ConditionalCheckFailedRequests", INDEX),
        ("WriteAccountLimitThrottleEvents", INDEX),
        ("ThrottledRequests", TABLE),
        ("SystemErrors", TABLE),
        ("SuccessfulRequestLatency", INDEX),
        ("UserErrors", TABLE),
        ("ReplicationLatency", TABLE),
    ],
)
def test_what_it_does_not_publish_is_refused(metric: str, dimensions: list[str]) -> None:
    message = fault("AWS/DynamoDB", metric, dimensions)
    assert message
    assert metric in message


def test_an_unknown_metric_is_refused() -> None:
    assert fault("AWS/DynamoDB", "TableSizeBytes", TABLE) == (
        "AWS/DynamoDB TableSizeBytes is no metric that is published."
    )
    assert fault("AWS/Dynamo", "UserErrors", []) is not None


def test_the_message_says_what_would_be_right() -> None:
    assert fault("AWS/DynamoDB", "SystemErrors", TABLE) == (
        "AWS/DynamoDB SystemErrors is published by Operation+TableName, not by TableName."
    )


def test_every_metric_has_a_dimension_set() -> None:
    assert all(sets for metrics in PUBLISHED.values() for sets in metrics.values())
