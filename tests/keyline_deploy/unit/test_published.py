"""The list of dimension sets that exist."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyline.model import Metric
from keyline_deploy.published import PublishedMetrics
from keyline_deploy.systems import systems
from tests.support.sample.books import SMALL

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
    assert PublishedMetrics([]).fault("AWS/DynamoDB", metric, dimensions) is None


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
    message = PublishedMetrics([]).fault("AWS/DynamoDB", metric, dimensions)
    assert message
    assert metric in message


def test_an_unknown_metric_is_refused() -> None:
    assert PublishedMetrics([]).fault("AWS/DynamoDB", "TableSizeBytes", TABLE) == (
        "AWS/DynamoDB TableSizeBytes is not a metric that is published."
    )
    assert PublishedMetrics([]).fault("AWS/Dynamo", "UserErrors", []) is not None


def test_the_message_says_what_would_be_right() -> None:
    assert PublishedMetrics([]).fault("AWS/DynamoDB", "SystemErrors", TABLE) == (
        "AWS/DynamoDB SystemErrors is published by Operation+TableName, not by TableName."
    )


def test_every_metric_has_a_dimension_set() -> None:
    assert all(
        sets for metrics in PublishedMetrics(systems()).sets.values() for sets in metrics.values()
    )


@pytest.mark.requirement("X-06")
@pytest.mark.parametrize(
    ("name", "dimensions"),
    [("ProviderCost", []), ("ProviderCost", ["Model"]), ("ProviderCosts", ["Provider"])],
)
def test_a_system_s_metric_is_published_as_the_system_declares_it(
    name: str, dimensions: list[str]
) -> None:
    cost = Metric("ProviderCost", dimensions=("Provider",))
    published = PublishedMetrics([replace(SMALL, metrics=(cost,))])
    common = ["Environment", "System"]
    assert published.fault("Keyline", "ProviderCost", [*common, "Provider"]) is None
    assert published.fault("Keyline", name, [*common, *dimensions]) is not None
    assert PublishedMetrics([SMALL]).fault("Keyline", "ProviderCost", [*common, "Provider"])


def test_two_systems_may_publish_one_metric_by_different_dimensions() -> None:
    whole, parted = Metric("Cost"), Metric("Cost", dimensions=("Provider",))
    published = PublishedMetrics([replace(SMALL, metrics=(metric,)) for metric in (whole, parted)])
    for dimensions in ([], ["Provider"]):
        names = ["Environment", "System", *dimensions]
        assert published.fault("Keyline", "Cost", names) is None
