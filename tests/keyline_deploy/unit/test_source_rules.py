"""Test that an alarm which needs more data points than its source emits is found."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from keyline.model import Route
from keyline_deploy.metric_sources import MetricSources
from keyline_deploy.template_rules import check_sources
from tests.keyline_deploy.unit.test_rates import API, DAILY, GET, SYSTEM
from tests.support.templates import DEFAULTS

OFTEN = replace(GET, name="often", per_month=1_000_000)
BUSY = replace(API, name="busy", patterns=(OFTEN,), routes=(Route("GET", "/often"),))
SOURCES = MetricSources([replace(SYSTEM, functions=(*SYSTEM.functions, BUSY))], DEFAULTS)
API_RESOURCE = {
    "Type": "AWS::ApiGatewayV2::Api",
    "Properties": {"Name": "notes-sample"},
}


def alarm(
    namespace: str, metric: str, dimensions: dict[str, Any], needed: int, of: int
) -> dict[str, Any]:
    """Return a template with an alarm on minutes of a metric."""
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    properties = {
        "Namespace": namespace,
        "MetricName": metric,
        "Dimensions": named,
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": of,
        "DatapointsToAlarm": needed,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    found = {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}
    return {"Resources": {"Alarm": found, "Api": API_RESOURCE}}


def found(template: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each.rule, each.path) for each in check_sources(template, SOURCES)]


RARE: list[tuple[str, str, dict[str, Any]]] = [
    ("AWS/Lambda", "Throttles", {"FunctionName": f"notes-{DAILY.name}-sample"}),
    ("AWS/Lambda", "Errors", {"FunctionName": "notes-api-sample"}),
    ("AWS/Events", "FailedInvocations", {"RuleName": f"notes-{DAILY.name}-sample"}),
    ("AWS/DynamoDB", "WriteThrottleEvents", {"TableName": "Notes-sample"}),
    ("AWS/DynamoDB", "SystemErrors", {"TableName": "Notes-sample", "Operation": "PutItem"}),
    ("AWS/SQS", "NumberOfMessagesSent", {"QueueName": "notes-count-sample-failed"}),
    ("AWS/SNS", "NumberOfNotificationsFailed", {"TopicName": "alarms"}),
    ("Keyline", "Errors", {"Environment": "sample", "System": "notes", "Operation": "PutItem"}),
]


@pytest.mark.parametrize(("namespace", "metric", "dimensions"), RARE, ids=lambda each: str(each))
def test_what_is_emitted_rarely_cannot_be_judged_by_three_minutes(
    namespace: str, metric: str, dimensions: dict[str, Any]
) -> None:
    of_three = alarm(namespace, metric, dimensions, 3, 5)
    assert found(of_three) == [("alarm-sparse", "DatapointsToAlarm")]
    assert found(alarm(namespace, metric, dimensions, 1, 1)) == []


@pytest.mark.parametrize(
    ("namespace", "metric", "dimensions"),
    [
        ("AWS/Lambda", "Errors", {"FunctionName": "notes-busy-sample"}),
        ("AWS/ApiGateway", "5xx", {"ApiId": {"Ref": "Api"}}),
        ("AWS/DynamoDB", "ReadThrottleEvents", {"TableName": "Notes-sample"}),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": "any"}),
        ("AWS/Lambda", "Errors", {"FunctionName": "of-another-app"}),
        ("AWS/Lambda", "ConcurrentExecutions", {}),
        ("Keyline", "Hits", {"Environment": "sample", "System": "notes"}),
    ],
    ids=lambda each: str(each),
)
def test_what_is_emitted_steadily_can_be(
    namespace: str, metric: str, dimensions: dict[str, Any]
) -> None:
    assert found(alarm(namespace, metric, dimensions, 3, 5)) == []


def test_periods_that_wait_for_late_data_do_not_count() -> None:
    """Two of seven filled minutes are for data that is late."""
    template = alarm("AWS/DynamoDB", "UserErrors", {}, 5, 7)
    properties = template["Resources"]["Alarm"]["Properties"]
    dimensions = [{"Name": "FunctionName", "Value": "notes-half-sample"}]
    metric = {"Namespace": "AWS/Lambda", "MetricName": "Errors", "Dimensions": dimensions}
    for name in ("Namespace", "MetricName", "Dimensions", "Statistic", "Period"):
        del properties[name]
    stat = {"Metric": metric, "Period": 60, "Stat": "Sum"}
    properties["Metrics"] = [
        {"Id": "m1", "MetricStat": stat, "ReturnData": False},
        {"Id": "e1", "Expression": "FILL(m1, 0)"},
    ]
    half = replace(GET, name="half", per_month=40_000)
    function = replace(BUSY, name="half", patterns=(half,))
    sources = MetricSources([replace(SYSTEM, functions=(*SYSTEM.functions, function))], DEFAULTS)
    (finding,) = check_sources(template, sources)
    assert "is 5 of 5. The source emits only 4" in finding.message


WEEKDAYS, LEAP_DAYS = "cron(0 3 ? * MON-FRI *)", "cron(0 3 29 2 ? *)"


@pytest.mark.parametrize(
    ("schedule", "needed", "rules"),
    [
        (WEEKDAYS, 2, ["alarm-silence"]),
        (WEEKDAYS, 3, ["alarm-silence"]),
        (WEEKDAYS, 4, []),
        (LEAP_DAYS, 7, ["alarm-silence"]),  # no number of days is enough
    ],
)
def test_days_without_a_run_of_a_schedule_that_rests_are_not_silence(
    schedule: str, needed: int, rules: list[str]
) -> None:
    functions = (*SYSTEM.functions[:-1], replace(DAILY, schedule=schedule))
    sources = MetricSources([replace(SYSTEM, functions=functions)], DEFAULTS)
    name = {"FunctionName": f"notes-{DAILY.name}-sample"}
    template = alarm("AWS/Lambda", "Invocations", name, needed, needed)
    template["Resources"]["Alarm"]["Properties"] |= {
        "Period": 86_400,
        "Threshold": 1,
        "ComparisonOperator": "LessThanThreshold",
        "TreatMissingData": "breaching",
    }
    assert [each.rule for each in check_sources(template, sources)] == rules
