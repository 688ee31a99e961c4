"""The metrics of a table, a function, a queue, an API, without judgement.

What is judged, and from which value on, stands with each construct's alarms.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from keyline.model import NAMESPACE, STORAGE_GROWTH
from keyline_deploy.metric_catalogue import MAX_METRICS

MINUTE = cdk.Duration.minutes(1)
DAY = cdk.Duration.days(1)


class TableMetrics:
    """Metrics of one table, by its physical name.

    The table's own figures leave out its indexes, and each index has its own.
    """

    def __init__(self, table_name: str) -> None:
        self._name = table_name

    def read_throttles(self, index: str | None = None) -> cloudwatch.Metric:
        """Read requests that were throttled, per minute."""
        return self._per_index("ReadThrottleEvents", index)

    def write_throttles(self, index: str | None = None) -> cloudwatch.Metric:
        """Write requests that were throttled, per minute."""
        return self._per_index("WriteThrottleEvents", index)

    def read_units(self, index: str | None = None) -> cloudwatch.Metric:
        """Read capacity units consumed, per minute."""
        return self._per_index("ConsumedReadCapacityUnits", index)

    def write_units(self, index: str | None = None) -> cloudwatch.Metric:
        """Write capacity units consumed, per minute."""
        return self._per_index("ConsumedWriteCapacityUnits", index)

    def system_errors(self, operations: Sequence[str]) -> list[cloudwatch.MathExpression]:
        """Return the requests that failed inside DynamoDB, per minute: sums over operations.

        There is no such metric without an operation, and an alarm holds few metrics, so
        that many operations take several sums.
        """
        return self._sums("SystemErrors", operations)

    def throttled_requests(self, operations: Sequence[str]) -> list[cloudwatch.MathExpression]:
        """Return the requests of which a part was throttled, per minute: sums over operations.

        There is no such metric without an operation either.
        """
        return self._sums("ThrottledRequests", operations)

    def system_errors_each(self, operations: Sequence[str]) -> list[cloudwatch.Metric]:
        """Return the requests that failed inside DynamoDB, per minute, operation by operation."""
        return [self._metric("SystemErrors", "Sum", {"Operation": o}) for o in operations]

    def latency(self, operation: str) -> cloudwatch.Metric:
        """Return the average time within DynamoDB of successful requests in a minute, in ms."""
        return self._metric("SuccessfulRequestLatency", "Average", {"Operation": operation})

    def conflicts(self) -> cloudwatch.Metric:
        """Return the requests that were refused for a transaction on the same item, per minute."""
        return self._metric("TransactionConflict", "Sum", {})

    def _per_index(self, name: str, index: str | None) -> cloudwatch.Metric:
        return self._metric(name, "Sum", {"GlobalSecondaryIndexName": index} if index else {})

    def _metric(
        self, name: str, statistic: str, dimensions: Mapping[str, str]
    ) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AWS/DynamoDB",
            metric_name=name,
            statistic=statistic,
            period=MINUTE,
            dimensions_map={"TableName": self._name, **dimensions},
        )

    def _sums(self, name: str, operations: Sequence[str]) -> list[cloudwatch.MathExpression]:
        size = MAX_METRICS - 1
        groups = [operations[start : start + size] for start in range(0, len(operations), size)]
        return [self._sum(name, group) for group in groups]

    def _sum(self, name: str, operations: Sequence[str]) -> cloudwatch.MathExpression:
        metrics = {
            f"m{number}": self._metric(name, "Sum", {"Operation": operation})
            for number, operation in enumerate(operations, 1)
        }
        return cloudwatch.MathExpression(
            expression=" + ".join(f"FILL({id}, 0)" for id in metrics),
            label=name,
            period=MINUTE,
            using_metrics=dict(metrics),
        )


def filled(metric: cloudwatch.Metric) -> cloudwatch.MathExpression:
    """Return a metric with 0 for each missing data point."""
    return cloudwatch.MathExpression(
        expression="FILL(m1, 0)",
        label=metric.metric_name,
        period=metric.period,
        using_metrics={"m1": metric},
    )


def sum_of(label: str, metrics: Iterable[cloudwatch.IMetric]) -> Iterator[cloudwatch.IMetric]:
    """Yield the sum of metrics as one line of a graph; nothing of no metrics."""
    return _combined("SUM", label, metrics)


def greatest(label: str, metrics: Iterable[cloudwatch.IMetric]) -> Iterator[cloudwatch.IMetric]:
    """Yield the greatest of metrics as one line of a graph; nothing of no metrics."""
    return _combined("MAX", label, metrics)


def _combined(
    function: str, label: str, metrics: Iterable[cloudwatch.IMetric]
) -> Iterator[cloudwatch.IMetric]:
    prefix = label.replace(" ", "")  # ids are those of one graph
    named = {f"{prefix}{number}": metric for number, metric in enumerate(metrics, 1)}
    if named:
        yield cloudwatch.MathExpression(
            expression=f"{function}([{', '.join(named)}])",
            label=label,
            period=MINUTE,
            using_metrics=named,
        )


def user_errors() -> cloudwatch.Metric:
    """Return the requests that the whole account sent wrongly in this region, per minute.

    The metric exists without dimensions only, and leaves out throttling and failed conditions.
    """
    return cloudwatch.Metric(
        namespace="AWS/DynamoDB", metric_name="UserErrors", statistic="Sum", period=MINUTE
    )


def client_latency(
    environment: str, system: str, operation: str, statistic: str = "p99"
) -> cloudwatch.Metric:
    """Return how long an operation takes the handlers, in ms, network included."""
    return _of_operation(environment, system, "Latency", operation, statistic)


def table_latency(environment: str, system: str, name: str, table: str) -> cloudwatch.Metric:
    """Return how long reads or writes of a table take the handlers, in ms (`LATENCY_METRICS`)."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        statistic="p99",
        period=MINUTE,
        label=table,
        dimensions_map={"Environment": environment, "System": system, "Table": table},
    )


def client_errors(environment: str, system: str, operation: str) -> cloudwatch.Metric:
    """Return the failed calls of an operation per minute, without refused conditions."""
    return _of_operation(environment, system, "Errors", operation, "Sum")


def storage_growth(environment: str, system: str, table: str) -> cloudwatch.Metric:
    """Return the growth of a table with its indexes over 30 days, in percent.

    A function works it out.

    DynamoDB publishes no size metric; DescribeTable gives sizes, some six hours old.
    """
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=STORAGE_GROWTH,
        statistic="Maximum",
        period=DAY,
        dimensions_map={"Environment": environment, "System": system, "Table": table},
    )


def system_sum(
    environment: str,
    system: str,
    name: str,
    dimensions: Mapping[str, str] | None = None,
    *,
    period: cdk.Duration = DAY,
) -> cloudwatch.Metric:
    """Return the sum over a time of a metric that a system's functions publish."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        statistic="Sum",
        period=period,
        dimensions_map={"Environment": environment, "System": system, **(dimensions or {})},
    )


def system_maximum(environment: str, system: str, name: str) -> cloudwatch.Metric:
    """Return the greatest value of a minute of a metric that a system's functions publish."""
    return _of(NAMESPACE, name, "Maximum", {"Environment": environment, "System": system})


def system_percentile(environment: str, system: str, name: str) -> cloudwatch.Metric:
    """Return the 99th percentile of a minute of a metric that a system's functions publish."""
    return _of(NAMESPACE, name, "p99", {"Environment": environment, "System": system})


def percentage(
    label: str, part: cloudwatch.IMetric, rest: Mapping[str, cloudwatch.IMetric]
) -> cloudwatch.MathExpression:
    """Return what a count is of itself and others, in percent; nothing while all of them are 0.

    Counts that nobody publishes are 0. An IF without a third argument has no value where its
    condition is false (CloudWatch user guide, "Using math expressions with CloudWatch metrics").

    Parameters
    ----------
    rest
        The other counts by their ids in the expression, where `part` is `part`.
    """
    counts: dict[str, cloudwatch.IMetric] = {"part": part, **rest}
    whole = "(" + " + ".join(f"FILL({id}, 0)" for id in counts) + ")"
    return cloudwatch.MathExpression(
        expression=f"IF({whole} > 0, 100 * FILL(part, 0) / {whole})",
        label=label,
        period=MINUTE,
        using_metrics=counts,
    )


def iterator_age(function_name: str) -> cloudwatch.Metric:
    """Return the age of the last record that a stream consumer was given, in ms."""
    return _of("AWS/Lambda", "IteratorAge", "Maximum", {"FunctionName": function_name})


def function_errors(function_name: str) -> cloudwatch.Metric:
    """Return the invocations that failed, per minute."""
    return _of("AWS/Lambda", "Errors", "Sum", {"FunctionName": function_name})


def function_invocations(function_name: str, period: cdk.Duration = MINUTE) -> cloudwatch.Metric:
    """Return the invocations, failed ones included, per minute or per another period."""
    dimensions = {"FunctionName": function_name}
    return _of("AWS/Lambda", "Invocations", "Sum", dimensions, period)


def function_duration(function_name: str) -> cloudwatch.Metric:
    """Return the 99th percentile of how long an invocation took, in ms, without its cold start."""
    return _of("AWS/Lambda", "Duration", "p99", {"FunctionName": function_name})


def function_throttles(function_name: str) -> cloudwatch.Metric:
    """Return the invocations that Lambda refused for want of concurrency, per minute."""
    return _of("AWS/Lambda", "Throttles", "Sum", {"FunctionName": function_name})


def lost_events(function_name: str) -> cloudwatch.Metric:
    """Return the events of an asynchronous function that Lambda dropped unrun, per minute."""
    return _of("AWS/Lambda", "AsyncEventsDropped", "Sum", {"FunctionName": function_name})


def undelivered_failures(function_name: str) -> cloudwatch.Metric:
    """Return the failed batches that did not reach the on-failure queue, per minute."""
    return _of("AWS/Lambda", "DestinationDeliveryFailures", "Sum", {"FunctionName": function_name})


def account_concurrency() -> cloudwatch.Metric:
    """Return the most functions that ran at once in the account and region, in each minute."""
    return _of("AWS/Lambda", "ConcurrentExecutions", "Maximum", {})


def failed_invocations(rule_name: str) -> cloudwatch.Metric:
    """Return how often a rule of the clock could not reach its target, per minute."""
    return _of("AWS/Events", "FailedInvocations", "Sum", {"RuleName": rule_name})


def failed_notifications(topic_name: str) -> cloudwatch.Metric:
    """Return the messages of a topic that did not reach a subscriber, per minute."""
    return _of("AWS/SNS", "NumberOfNotificationsFailed", "Sum", {"TopicName": topic_name})


def sent_messages(queue_name: str) -> cloudwatch.Metric:
    """Return the messages that were put into a queue, per minute."""
    return _of("AWS/SQS", "NumberOfMessagesSent", "Sum", {"QueueName": queue_name})


def oldest_message(queue_name: str) -> cloudwatch.Metric:
    """Return the age of the oldest message of a queue, in seconds."""
    return _of("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", {"QueueName": queue_name})


def waiting_messages(queue_name: str) -> cloudwatch.Metric:
    """Return the messages in a queue."""
    return _of(
        "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", {"QueueName": queue_name}
    )


def server_errors(api_id: str) -> cloudwatch.Metric:
    """Return the requests that an HTTP API answered with 5xx, per minute."""
    return _of("AWS/ApiGateway", "5xx", "Sum", {"ApiId": api_id})


def requests(api_id: str, kind: str, period: cdk.Duration = MINUTE) -> cloudwatch.Metric:
    """Return the requests to an HTTP API, per minute or per another period.

    A requests metric counts all (`Count`), or those answered with `4xx`, `5xx`.
    """
    return _of("AWS/ApiGateway", kind, "Sum", {"ApiId": api_id}, period)


def refused_percent(
    api_id: str, at_least: int, period: cdk.Duration = MINUTE
) -> cloudwatch.MathExpression:
    """Return the requests that an HTTP API answered with 4xx, in percent; 0 at few requests."""
    refused, every = (requests(api_id, kind, period) for kind in ("4xx", "Count"))
    return cloudwatch.MathExpression(
        expression=f"IF(FILL(all, 0) >= {at_least}, 100 * FILL(refused, 0) / FILL(all, 0), 0)",
        label="4xx, %",
        period=period,
        using_metrics={"refused": refused, "all": every},
    )


def request_latency(api_id: str, statistic: str) -> cloudwatch.Metric:
    """Return how long an HTTP API took to answer, in ms."""
    return _of("AWS/ApiGateway", "Latency", statistic, {"ApiId": api_id})


def _of_operation(
    environment: str, system: str, name: str, operation: str, statistic: str
) -> cloudwatch.Metric:
    dimensions = {"Environment": environment, "System": system, "Operation": operation}
    return _of(NAMESPACE, name, statistic, dimensions)


def _of(
    namespace: str,
    name: str,
    statistic: str,
    dimensions: Mapping[str, str],
    period: cdk.Duration = MINUTE,
) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=name,
        statistic=statistic,
        period=period,
        dimensions_map=dict(dimensions),
    )
