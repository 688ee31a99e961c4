"""The list of dimension sets that exist."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from keyline.model import Metric
from keyline_deploy.metric_catalogue import MetricCatalogue
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
    assert MetricCatalogue([]).fault("AWS/DynamoDB", metric, dimensions) is None


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
    message = MetricCatalogue([]).fault("AWS/DynamoDB", metric, dimensions)
    assert message
    assert metric in message


def test_an_unknown_metric_is_refused() -> None:
    assert MetricCatalogue([]).fault("AWS/DynamoDB", "TableSizeBytes", TABLE) == (
        "AWS/DynamoDB TableSizeBytes is not a metric that is published."
    )
    assert MetricCatalogue([]).fault("AWS/Dynamo", "UserErrors", []) is not None


def test_the_message_says_what_would_be_right() -> None:
    assert MetricCatalogue([]).fault("AWS/DynamoDB", "SystemErrors", TABLE) == (
        "AWS/DynamoDB SystemErrors is published by Operation+TableName, not by TableName."
    )


def test_every_metric_has_a_dimension_set_and_a_statistic() -> None:
    for info in MetricCatalogue(systems()).metrics.values():
        assert info.sets
        assert info.statistics
        assert info.unit
        assert info.custom is (info.namespace == "Keyline")


@pytest.mark.parametrize(
    ("namespace", "metric", "statistic", "right"),
    [
        ("AWS/DynamoDB", "ReadThrottleEvents", "Sum", True),
        ("AWS/DynamoDB", "SuccessfulRequestLatency", "p99", False),
        ("AWS/DynamoDB", "SuccessfulRequestLatency", "Average", True),
        ("AWS/Lambda", "Duration", "p99", True),
        ("AWS/Lambda", "Errors", "Average", False),
        ("AWS/ApiGateway", "Latency", "p99", True),
    ],
)
def test_a_statistic_that_means_nothing_is_told(
    namespace: str, metric: str, statistic: str, right: bool
) -> None:
    found = MetricCatalogue([]).statistic_fault(namespace, metric, statistic)
    assert (found is None) is right


@pytest.mark.requirement("X-06")
@pytest.mark.parametrize(
    ("name", "dimensions"),
    [("ProviderCost", []), ("ProviderCost", ["Model"]), ("ProviderCosts", ["Provider"])],
)
def test_a_system_s_metric_is_published_as_the_system_declares_it(
    name: str, dimensions: list[str]
) -> None:
    cost = Metric("ProviderCost", dimensions=("Provider",))
    published = MetricCatalogue([replace(SMALL, metrics=(cost,))])
    common = ["Environment", "System"]
    assert published.fault("Keyline", "ProviderCost", [*common, "Provider"]) is None
    assert published.fault("Keyline", name, [*common, *dimensions]) is not None
    assert MetricCatalogue([SMALL]).fault("Keyline", "ProviderCost", [*common, "Provider"])


def test_two_systems_may_publish_one_metric_by_different_dimensions() -> None:
    whole, parted = Metric("Cost"), Metric("Cost", dimensions=("Provider",))
    published = MetricCatalogue([replace(SMALL, metrics=(metric,)) for metric in (whole, parted)])
    for dimensions in ([], ["Provider"]):
        names = ["Environment", "System", *dimensions]
        assert published.fault("Keyline", "Cost", names) is None
