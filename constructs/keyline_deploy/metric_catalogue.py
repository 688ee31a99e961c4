"""The metrics that exist: their dimension sets, statistics and units, and when they are published.

CloudWatch does not add up over a missing dimension and reports no error: an alarm on a set
that nobody publishes stays in INSUFFICIENT_DATA for ever. So every alarm is checked against
this catalogue, and is driven by streams of the shape that it names.

Sources are the developer guides of DynamoDB, "DynamoDB metrics and dimensions", Lambda, "Types of
metrics for Lambda functions", and SQS, "Available CloudWatch metrics". The others are those of SNS,
"Monitoring Amazon SNS topics using CloudWatch", EventBridge, "Monitoring Amazon EventBridge", and
API Gateway, "HTTP API metrics". The metrics of functions are from `keyline.model` and what the
systems declare.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from keyline.model import CALL_METRICS, NAMESPACE, UNREADABLE_ITEMS, System, dimension_sets

MAX_METRICS = 10
"""Entries of one alarm's metric list (CloudWatch quotas), its expression included."""

DimensionSet = frozenset[str]


class Quiet(StrEnum):
    """The samples of a metric while all is well."""

    NOTHING = "nothing"
    ZEROS = "zeros"
    VALUES = "values"


@dataclass(frozen=True)
class MetricInfo:
    """The known facts of a metric.

    Attributes
    ----------
    sets
        The dimension sets that it is published under.
    statistics
        The statistics that mean something, `p` for percentiles.
    quiet
        What is published while all is well and there is traffic. Without traffic nothing is.
    custom
        Whether our functions publish it, so that it is billed: AWS's own are free.
    """

    namespace: str
    name: str
    sets: frozenset[DimensionSet]
    statistics: frozenset[str]
    unit: str
    quiet: Quiet
    custom: bool = False


def _sets(*sets: str) -> frozenset[DimensionSet]:
    return frozenset(frozenset(names.split("+")) if names else frozenset() for names in sets)


_TABLE_AND_INDEX = _sets("TableName", "TableName+GlobalSecondaryIndexName")
_TABLE = _sets("TableName")
_OPERATION = _sets("TableName+Operation")
_ACCOUNT = _sets("")
_FUNCTION = _sets("FunctionName", "FunctionName+Resource")
_OF_FUNCTION = _sets("FunctionName")
_API = _sets("ApiId", "ApiId+Stage", "ApiId+Method+Resource+Stage")
_QUEUE = _sets("QueueName")
_TOPIC = _sets("TopicName")
_RULE = _sets("RuleName")

_COUNTED = frozenset({"Sum", "SampleCount"})
_GAUGED = frozenset({"Minimum", "Maximum", "Average"})
_MEASURED = _GAUGED | {"SampleCount"}
_ALL = _GAUGED | _COUNTED
_TIMED = _MEASURED | {"p"}


def _each(
    namespace: str,
    names: str,
    sets: frozenset[DimensionSet],
    statistics: frozenset[str],
    unit: str = "Count",
    quiet: Quiet = Quiet.NOTHING,
) -> Iterator[MetricInfo]:
    for name in names.split():
        yield MetricInfo(namespace, name, sets, statistics, unit, quiet)


_DYNAMODB, _LAMBDA, _SQS = "AWS/DynamoDB", "AWS/Lambda", "AWS/SQS"
_SNS, _EVENTS, _API_GATEWAY = "AWS/SNS", "AWS/Events", "AWS/ApiGateway"
_OF_AWS: tuple[MetricInfo, ...] = (
    *_each(
        _DYNAMODB,
        "ReadThrottleEvents WriteThrottleEvents "
        "ReadKeyRangeThroughputThrottleEvents WriteKeyRangeThroughputThrottleEvents "
        "ReadMaxOnDemandThroughputThrottleEvents WriteMaxOnDemandThroughputThrottleEvents "
        "ReadAccountLimitThrottleEvents",
        _TABLE_AND_INDEX,
        _COUNTED,
    ),
    *_each(
        _DYNAMODB,
        "ConsumedReadCapacityUnits ConsumedWriteCapacityUnits",
        _TABLE_AND_INDEX,
        _ALL,
        quiet=Quiet.VALUES,
    ),
    *_each(_DYNAMODB, "ConditionalCheckFailedRequests TransactionConflict", _TABLE, _ALL),
    *_each(_DYNAMODB, "TimeToLiveDeletedItemCount", _TABLE, frozenset({"Sum"})),
    *_each(_DYNAMODB, "WriteAccountLimitThrottleEvents", _TABLE, _COUNTED),
    *_each(_DYNAMODB, "ThrottledRequests SystemErrors", _OPERATION, _COUNTED),
    *_each(
        _DYNAMODB,
        "SuccessfulRequestLatency",
        _OPERATION,
        _MEASURED,
        "Milliseconds",
        Quiet.VALUES,
    ),
    *_each(_DYNAMODB, "ReturnedItemCount", _OPERATION, _ALL, quiet=Quiet.VALUES),
    *_each(
        _DYNAMODB,
        "ReplicationLatency",
        _sets("TableName+ReceivingRegion"),
        _GAUGED,
        "Milliseconds",
        Quiet.VALUES,
    ),
    *_each(_DYNAMODB, "UserErrors", _ACCOUNT, _COUNTED),
    *_each(
        _DYNAMODB,
        "AccountMaxReads AccountMaxWrites AccountMaxTableLevelReads AccountMaxTableLevelWrites",
        _ACCOUNT,
        frozenset({"Maximum"}),
        quiet=Quiet.VALUES,
    ),
    *_each(
        _DYNAMODB,
        "AccountProvisionedReadCapacityUtilization AccountProvisionedWriteCapacityUtilization "
        "MaxProvisionedTableReadCapacityUtilization MaxProvisionedTableWriteCapacityUtilization",
        _ACCOUNT,
        _GAUGED,
        "Percent",
        Quiet.VALUES,
    ),
    *_each(_LAMBDA, "Errors Throttles", _FUNCTION, _COUNTED, quiet=Quiet.ZEROS),
    *_each(_LAMBDA, "Invocations", _FUNCTION, _COUNTED, quiet=Quiet.VALUES),
    *_each(_LAMBDA, "Duration", _FUNCTION, _TIMED, "Milliseconds", Quiet.VALUES),
    *_each(_LAMBDA, "IteratorAge", _FUNCTION, _TIMED, "Milliseconds", Quiet.VALUES),
    *_each(
        _LAMBDA,
        "ConcurrentExecutions",
        _sets("", "FunctionName"),
        frozenset({"Maximum"}),
        quiet=Quiet.VALUES,
    ),
    *_each(
        _LAMBDA,
        "AsyncEventsDropped DestinationDeliveryFailures DeadLetterErrors",
        _OF_FUNCTION,
        _COUNTED,
    ),
    *_each(
        _SQS,
        "ApproximateNumberOfMessagesVisible",
        _QUEUE,
        _GAUGED,
        quiet=Quiet.ZEROS,
    ),
    *_each(_SQS, "ApproximateAgeOfOldestMessage", _QUEUE, _GAUGED, "Seconds", Quiet.ZEROS),
    *_each(_SQS, "NumberOfMessagesSent", _QUEUE, _COUNTED, quiet=Quiet.ZEROS),
    *_each(_SNS, "NumberOfNotificationsFailed NumberOfMessagesPublished", _TOPIC, _COUNTED),
    *_each(_EVENTS, "FailedInvocations", _RULE, _COUNTED),
    *_each(_EVENTS, "Invocations TriggeredRules", _RULE, _COUNTED, quiet=Quiet.VALUES),
    *_each(_API_GATEWAY, "4xx 5xx", _API, _ALL, quiet=Quiet.ZEROS),
    *_each(_API_GATEWAY, "Count", _API, _COUNTED, quiet=Quiet.VALUES),
    *_each(_API_GATEWAY, "Latency IntegrationLatency", _API, _TIMED, "Milliseconds", Quiet.VALUES),
)

_OF_CALLS_ONLY_WHEN_IT_HAPPENS = frozenset({UNREADABLE_ITEMS})
_ZERO_UNLESS_IT_HAPPENS = frozenset({"Errors"})


class MetricCatalogue:
    """The metrics that AWS publishes, and those that the functions of some systems do.

    Parameters
    ----------
    systems
        The systems whose declared metrics count.

    Attributes
    ----------
    metrics
        What is known of each metric, by namespace and name.
    """

    def __init__(self, systems: Iterable[System]) -> None:
        own = dimension_sets(metric for system in systems for metric in system.published)
        known = (*_OF_AWS, *(_own(name, sets) for name, sets in own.items()))
        self.metrics: Mapping[tuple[str, str], MetricInfo] = {
            (info.namespace, info.name): info for info in known
        }

    def fault(self, namespace: str, metric: str, dimensions: Iterable[str]) -> str | None:
        """Say why no such metric is published, or None if it is.

        Examples
        --------
        >>> MetricCatalogue([]).fault("AWS/DynamoDB", "SystemErrors", ["TableName"])
        'AWS/DynamoDB SystemErrors is published by Operation+TableName, not by TableName.'
        """
        known = self.metrics.get((namespace, metric))
        if known is None:
            return f"{namespace} {metric} is not a metric that is published."
        given = frozenset(dimensions)
        if given in known.sets:
            return None
        wanted = " or ".join(sorted(_text(names) for names in known.sets))
        return f"{namespace} {metric} is published by {wanted}, not by {_text(given)}."

    def statistic_fault(self, namespace: str, metric: str, statistic: str) -> str | None:
        """Say why a statistic of a metric that exists means nothing, or None if it does.

        Examples
        --------
        >>> MetricCatalogue([]).statistic_fault("AWS/DynamoDB", "UserErrors", "Average")
        'AWS/DynamoDB UserErrors has SampleCount, Sum, not Average.'
        """
        known = self.metrics[namespace, metric].statistics
        kind = "p" if statistic[:1] == "p" else statistic
        if kind in known:
            return None
        return f"{namespace} {metric} has {', '.join(sorted(known))}, not {statistic}."


def _own(name: str, sets: frozenset[DimensionSet]) -> MetricInfo:
    quiet = Quiet.VALUES
    if name in _ZERO_UNLESS_IT_HAPPENS:
        quiet = Quiet.ZEROS
    elif name in _OF_CALLS_ONLY_WHEN_IT_HAPPENS:
        quiet = Quiet.NOTHING
    unit = CALL_METRICS.get(name, "as the system publishes it")
    return MetricInfo(NAMESPACE, name, sets, _ALL | {"p"}, unit, quiet, custom=True)


def _text(names: DimensionSet) -> str:
    return "+".join(sorted(names)) or "no dimension"
