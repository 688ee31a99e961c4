"""The dimension sets that metrics are really published under.

CloudWatch does not add up over a missing dimension and reports no error: an alarm on a set
that nobody publishes stays in INSUFFICIENT_DATA for ever. So every alarm is checked against
this list.

Sources: DynamoDB developer guide, "DynamoDB metrics and dimensions"; Lambda developer guide,
"Types of metrics for Lambda functions"; SQS developer guide, "Available CloudWatch metrics";
API Gateway developer guide, "HTTP API metrics"; for the metrics of functions `keyline.model` and
what the systems declare.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from keyline.model import NAMESPACE, System, dimension_sets

MAX_METRICS = 10
"""Entries of one alarm's metric list (CloudWatch quotas), its expression included."""

DimensionSet = frozenset[str]


def _sets(*sets: str) -> frozenset[DimensionSet]:
    return frozenset(frozenset(names.split("+")) if names else frozenset() for names in sets)


_TABLE_AND_INDEX = _sets("TableName", "TableName+GlobalSecondaryIndexName")
_TABLE = _sets("TableName")
_OPERATION = _sets("TableName+Operation")
_ACCOUNT = _sets("")
_FUNCTION = _sets("FunctionName", "FunctionName+Resource")
_API = _sets("ApiId", "ApiId+Stage", "ApiId+Method+Resource+Stage")


def _each(names: str, sets: frozenset[DimensionSet]) -> dict[str, frozenset[DimensionSet]]:
    return dict.fromkeys(names.split(), sets)


_OF_AWS: Mapping[str, Mapping[str, frozenset[DimensionSet]]] = {
    "AWS/DynamoDB": {
        **_each(
            "ReadThrottleEvents WriteThrottleEvents "
            "ConsumedReadCapacityUnits ConsumedWriteCapacityUnits "
            "ReadKeyRangeThroughputThrottleEvents WriteKeyRangeThroughputThrottleEvents "
            "ReadMaxOnDemandThroughputThrottleEvents WriteMaxOnDemandThroughputThrottleEvents "
            "ReadAccountLimitThrottleEvents",
            _TABLE_AND_INDEX,
        ),
        **_each(
            "ConditionalCheckFailedRequests TransactionConflict TimeToLiveDeletedItemCount "
            "WriteAccountLimitThrottleEvents",
            _TABLE,
        ),
        **_each(
            "ThrottledRequests SystemErrors SuccessfulRequestLatency ReturnedItemCount",
            _OPERATION,
        ),
        "ReplicationLatency": _sets("TableName+ReceivingRegion"),
        **_each(
            "UserErrors AccountMaxReads AccountMaxWrites AccountMaxTableLevelReads "
            "AccountMaxTableLevelWrites AccountProvisionedReadCapacityUtilization "
            "AccountProvisionedWriteCapacityUtilization "
            "MaxProvisionedTableReadCapacityUtilization "
            "MaxProvisionedTableWriteCapacityUtilization",
            _ACCOUNT,
        ),
    },
    "AWS/Lambda": _each("Errors Throttles Duration Invocations IteratorAge", _FUNCTION),
    "AWS/SQS": _each(
        "ApproximateNumberOfMessagesVisible ApproximateAgeOfOldestMessage", _sets("QueueName")
    ),
    "AWS/ApiGateway": _each("4xx 5xx Count Latency IntegrationLatency", _API),
}
"""Namespace of AWS, then metric, to the dimension sets it exists under."""


class PublishedMetrics:
    """The metrics that AWS publishes, and those that the functions of some systems do.

    Parameters
    ----------
    systems
        The systems whose declared metrics count.

    Attributes
    ----------
    sets
        Namespace, then metric, to the dimension sets it exists under.
    """

    def __init__(self, systems: Iterable[System]) -> None:
        own = dimension_sets(metric for system in systems for metric in system.published)
        self.sets: Mapping[str, Mapping[str, frozenset[DimensionSet]]] = {**_OF_AWS, NAMESPACE: own}

    def fault(self, namespace: str, metric: str, dimensions: Iterable[str]) -> str | None:
        """Say why no such metric is published, or None if it is.

        Examples
        --------
        >>> PublishedMetrics([]).fault("AWS/DynamoDB", "SystemErrors", ["TableName"])
        'AWS/DynamoDB SystemErrors is published by Operation+TableName, not by TableName.'
        """
        known = self.sets.get(namespace, {}).get(metric)
        if known is None:
            return f"{namespace} {metric} is not a metric that is published."
        given = frozenset(dimensions)
        if given in known:
            return None
        wanted = " or ".join(sorted(_text(names) for names in known))
        return f"{namespace} {metric} is published by {wanted}, not by {_text(given)}."


def _text(names: DimensionSet) -> str:
    return "+".join(sorted(names)) or "no dimension"
