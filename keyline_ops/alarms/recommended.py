"""AWS's recommended alarms, line by line, and the alarms of an environment beside them.

Source: CloudWatch user guide, "Recommended alarms", the sections of the services of which an
environment has resources. The guide has no section on the other services. docs/alarms.md says how
the lines were compared with the guide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console

from keyline_deploy.alarms import MetricAlarm
from keyline_deploy.alarms.templates import alarms_of
from keyline_deploy.synthesized import Template
from keyline_ops.printing import print_whole, table

HEADS = ("service", "metric", "by", "here", "why")


@dataclass(frozen=True)
class Recommended:
    """An alarm that AWS recommends.

    Attributes
    ----------
    by
        The dimensions that the guide names, or `account` if the guide names no dimension.
    here
        The metric and the dimensions that ours has; empty if there is no such alarm.
    why
        What differs, or why there is no such alarm.
    """

    service: str
    metric: str
    by: str
    here: str
    why: str


@dataclass(frozen=True)
class Held:
    """A recommended alarm, and how many alarms an environment has for it."""

    recommended: Recommended
    alarms: int


_LATE = "data may be late: {} minutes"
_JUDGED = "3 of 5 minutes, or one if the function is rare; the guide has {}"
_NO_KINESIS = "no table has a Kinesis data stream"
_REST = "of REST APIs; ours are HTTP APIs"
_SOCKET = "of WebSocket APIs; ours are HTTP APIs"
_FILTER = "the topic has no filter policy"
_DLQ = "the subscription is an e-mail address, without a queue behind it"
_SMS = "nobody is told by SMS"
_NODES = "the cache is serverless: it has no nodes"
_REQUEST_METRICS = (
    "needs the request metrics of the bucket; a failed call is an error of its function"
)
_POOL = "the user pool belongs to the account, not to the environment"


def _rows(service: str, *rows: tuple[str, str, str, str]) -> Iterator[Recommended]:
    for metric, by, here, why in rows:
        yield Recommended(service, metric, by, here, why)


RECOMMENDED: Sequence[Recommended] = (
    *_rows(
        "API Gateway",
        ("4XXError", "ApiName, Stage", "", _REST),
        ("5XXError", "ApiName, Stage", "", _REST),
        (
            "4xx",
            "ApiId, Stage",
            "4xx by ApiId",
            "a share of at least 20 requests above 50 %; the guide has 5 %, 5 of 5 minutes",
        ),
        (
            "5xx",
            "ApiId, Stage",
            "5xx by ApiId",
            "any in 3 of 5 minutes; the guide has a share, 3 of 3 minutes",
        ),
        ("Count", "ApiName, Stage", "", "an API without requests is not a failure"),
        ("IntegrationLatency", "ApiId, Stage", "", "`Latency` contains it"),
        ("Latency", "ApiName, Stage", "Latency by ApiId", "p99, where the guide has p90"),
        ("MessageCount", "ApiId, Stage", "", _SOCKET),
        ("ClientError", "ApiId, Stage", "", _SOCKET),
        ("ExecutionError", "ApiId, Stage", "", _SOCKET),
        ("IntegrationError", "ApiId, Stage", "", _SOCKET),
    ),
    *_rows(
        "Cognito",
        ("SignUpThrottles", "UserPool, UserPoolClient", "", _POOL),
        ("SignInThrottles", "UserPool, UserPoolClient", "", _POOL),
        ("TokenRefreshThrottles", "UserPool, UserPoolClient", "", _POOL),
        ("FederationThrottles", "UserPool, UserPoolClient, IdentityProvider", "", _POOL),
    ),
    *_rows(
        "DynamoDB",
        *(
            (f"AccountProvisioned{kind}CapacityUtilization", "account", "", "tables are on demand")
            for kind in ("Read", "Write")
        ),
        *(
            (f"MaxProvisionedTable{kind}CapacityUtilization", "account", "", "tables are on demand")
            for kind in ("Read", "Write")
        ),
        ("AgeOfOldestUnreplicatedRecord", "TableName, DelegatedOperation", "", _NO_KINESIS),
        ("FailedToReplicateRecordCount", "TableName, DelegatedOperation", "", _NO_KINESIS),
        ("ThrottledPutRecordCount", "TableName, DelegatedOperation", "", _NO_KINESIS),
        *(
            (f"{kind}ThrottleEvents", by, f"{kind}ThrottleEvents by {by}", _LATE.format("5 of 7"))
            for kind in ("Read", "Write")
            for by in ("TableName", "TableName, GlobalSecondaryIndexName")
        ),
        ("ReplicationLatency", "TableName, ReceivingRegion", "", "there are no replicas"),
        (
            *("SuccessfulRequestLatency", "TableName, Operation"),
            "SuccessfulRequestLatency by TableName, Operation",
            _LATE.format("10 of 12"),
        ),
        (
            *("SystemErrors", "TableName", "SystemErrors by TableName, Operation"),
            f"the metric has an operation; a sum; {_LATE.format('15 of 17')}",
        ),
        (
            *("UserErrors", "account", "UserErrors by account"),
            "in the first minute, as a specification asks; the guide waits for ten",
        ),
    ),
    *_rows(
        "ElastiCache",
        *(
            (name, "CacheClusterId, CacheNodeId", "", _NODES)
            for name in (
                *("CPUUtilization", "CurrConnections", "DatabaseMemoryUsagePercentage"),
                *("EngineCPUUtilization", "ReplicationLag"),
            )
        ),
    ),
    *_rows(
        "Lambda",
        (
            *("ClaimedAccountConcurrency", "account", "ConcurrentExecutions by account"),
            "counts what runs; the claimed number adds what is reserved and idle; the guide has"
            " 10 of 10 minutes above 90 %",
        ),
        ("ConcurrentExecutions", "FunctionName", "", "once for the account, see above"),
        (
            "Duration",
            "FunctionName",
            "Duration by FunctionName",
            "p99; " + _JUDGED.format("p90, 15 of 15 minutes"),
        ),
        ("Errors", "FunctionName", "Errors by FunctionName", _JUDGED.format("3 of 3 minutes")),
        (
            "Throttles",
            "FunctionName",
            "Throttles by FunctionName",
            _JUDGED.format("5 of 5 minutes"),
        ),
    ),
    *_rows(
        "S3",
        ("4xxErrors", "BucketName, FilterId", "", _REQUEST_METRICS),
        ("5xxErrors", "BucketName, FilterId", "", _REQUEST_METRICS),
        (
            *("OperationsFailedReplication", "SourceBucket, DestinationBucket, RuleId", ""),
            "no bucket is replicated",
        ),
    ),
    *_rows(
        "SNS",
        ("NumberOfMessagesPublished", "TopicName", "", "a topic without alarms is not a failure"),
        ("NumberOfNotificationsDelivered", "TopicName", "", "the same"),
        (
            *("NumberOfNotificationsFailed", "TopicName"),
            "NumberOfNotificationsFailed by TopicName",
            "of each topic, at the first message; the guide has 5 of 5 minutes",
        ),
        ("NumberOfNotificationsFilteredOut-InvalidAttributes", "TopicName", "", _FILTER),
        ("NumberOfNotificationsFilteredOut-InvalidMessageBody", "TopicName", "", _FILTER),
        ("NumberOfNotificationsRedrivenToDlq", "TopicName", "", _DLQ),
        ("NumberOfNotificationsFailedToRedriveToDlq", "TopicName", "", _DLQ),
        ("SMSMonthToDateSpentUSD", "account", "", _SMS),
        ("SMSSuccessRate", "TopicName", "", _SMS),
    ),
    *_rows(
        "SQS",
        (
            *("ApproximateAgeOfOldestMessage", "QueueName"),
            "ApproximateAgeOfOldestMessage by QueueName",
            "of each failure queue, after seven days; the guide has 15 of 15 minutes",
        ),
        (
            *("ApproximateNumberOfMessagesNotVisible", "QueueName", ""),
            "only `keyline redrive` receives messages",
        ),
        (
            *("ApproximateNumberOfMessagesVisible", "QueueName"),
            "ApproximateNumberOfMessagesVisible by QueueName",
            "of each failure queue, at the first message; the guide has 15 of 15 minutes",
        ),
        (
            *("NumberOfMessagesSent", "QueueName", "NumberOfMessagesSent by QueueName"),
            "any message is the failure; the guide tells of 15 of 15 minutes without one",
        ),
    ),
)

NAMESPACES: Mapping[str, str] = {
    "API Gateway": "AWS/ApiGateway",
    **{name: f"AWS/{name}" for name in ("Cognito", "DynamoDB", "ElastiCache", "Lambda")},
    **{name: f"AWS/{name}" for name in ("S3", "SNS", "SQS")},
}


def held(templates: Mapping[str, Template]) -> list[Held]:
    """Count the alarms of templates, by the names of their stacks, for each recommended one."""
    watched = [
        {
            (query.metric.namespace, _named(query.metric.name, query.metric.dimensions))
            for query in found.alarm.queries
        }
        for stack, template in templates.items()
        for found in alarms_of(stack, template)
        if isinstance(found.alarm, MetricAlarm)
    ]
    return [
        Held(each, sum((NAMESPACES[each.service], each.here) in metrics for metrics in watched))
        for each in RECOMMENDED
    ]


def _named(metric: str, dimensions: Iterable[tuple[str, str]]) -> str:
    """Name a metric with its dimensions as `Recommended.here` has them."""
    found = {name for name, _ in dimensions}
    order = ("TableName", "GlobalSecondaryIndexName", "Operation")
    names = sorted(found, key=lambda name: order.index(name) if name in order else 0)
    return f"{metric} by {', '.join(names) or 'account'}"


def as_json(found: Iterable[Held]) -> list[dict[str, Any]]:
    """Return the alarms as JSON has them."""
    return [{**asdict(each.recommended), "alarms": each.alarms} for each in found]


def as_markdown() -> str:
    """Return the list as docs/alarms.md has it."""
    lines = [f"| {' | '.join(HEADS)} |", "|---" * len(HEADS) + "|"]
    for each in RECOMMENDED:
        metric, _, by = each.here.partition(" by ")
        here = f"`{metric}` by {by}" if each.here else "none"
        lines.append(f"| {each.service} | `{each.metric}` | {each.by} | {here} | {each.why} |")
    return "\n".join(lines)


def show(found: Sequence[Held], console: Console) -> None:
    """Print the list, with the number of alarms that an environment has for each."""
    rows = table("AWS's recommended alarms", (*HEADS, "alarms"), ("alarms",))
    for each in found:
        given = each.recommended
        row = (given.service, given.metric, given.by, given.here or "none", given.why)
        rows.add_row(*row, str(each.alarms))
    print_whole(rows, console)
    with_one = sum(bool(each.recommended.here) for each in found)
    print(
        f"{len(found)} recommended alarms: {with_one} are here, of the others the table says why."
    )
