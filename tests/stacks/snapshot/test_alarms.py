"""Every alarm of every template: that it can fire, that it tells somebody, and which there are."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from chat.prices import COST
from chat.settings import Settings
from keyline.model import System, deployment
from keyline_deploy.environment import load
from keyline_deploy.published import MAX_METRICS, PublishedMetrics
from keyline_deploy.systems import systems
from keyline_deploy.template_rules import check_template
from tests.support.templates import ENVIRONMENTS, Templates, only, resources

ALARM = "AWS::CloudWatch::Alarm"
Alarm = dict[str, Any]


def alarms(templates: Templates, environment: str, stack: str = "") -> list[Alarm]:
    return [
        alarm
        for name, template in templates(environment).items()
        if name.startswith(stack)
        for alarm in resources(template, ALARM).values()
    ]


def metrics(alarm: Alarm) -> Iterator[dict[str, Any]]:
    if "MetricName" in alarm:
        yield alarm
    for query in alarm.get("Metrics", []):
        if "MetricStat" in query:
            yield query["MetricStat"]["Metric"]


def dimensions(metric: dict[str, Any]) -> dict[str, Any]:
    return {d["Name"]: d["Value"] for d in metric.get("Dimensions", [])}


def named(found: list[Alarm], metric: str) -> list[Alarm]:
    return [alarm for alarm in found if alarm.get("MetricName") == metric]


def tables_and_indexes(system: System, environment: str) -> set[tuple[str, str | None]]:
    return {
        (table.physical_name(environment), index)
        for table in system.tables
        for index in (None, *(i.name for i in table.indexes))
    }


@pytest.mark.requirement("X-06")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_alarm_watches_a_metric_that_is_published(
    environment: str, templates: Templates
) -> None:
    found = alarms(templates, environment)
    published = PublishedMetrics(systems())
    assert len(found) > 40
    for alarm in found:
        watched = list(metrics(alarm))
        assert watched
        for metric in watched:
            name = metric["MetricName"]
            assert published.fault(metric["Namespace"], name, dimensions(metric)) is None


@pytest.mark.requirement("X-06")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_alarm_tells_the_topic_and_takes_silence_for_health(
    environment: str, templates: Templates
) -> None:
    for alarm in alarms(templates, environment):
        (action,) = alarm["AlarmActions"]
        assert "keyline-alarms" in str(action) or "AlarmsTopic" in str(action)
        assert alarm["TreatMissingData"] == "notBreaching"
        assert alarm["AlarmDescription"]


@pytest.mark.requirement("X-06")
@pytest.mark.parametrize(
    ("metric", "wrong"),
    [
        ("ReadThrottleEvents", ["TableName", "Operation"]),
        ("ConsumedWriteCapacityUnits", ["GlobalSecondaryIndexName"]),
        ("SuccessfulRequestLatency", ["TableName"]),
        ("StorageGrowthPercent", ["Table"]),
    ],
)
def test_a_wrong_dimension_set_is_caught(
    metric: str, wrong: list[str], templates: Templates
) -> None:
    template = copy.deepcopy(templates("prod")["chat-data-prod"])
    environment = load("prod")
    assert check_template(template, environment, PublishedMetrics(systems())) == []

    logical_id, alarm = next(
        (logical_id, alarm)
        for logical_id, alarm in resources(template, ALARM).items()
        if alarm.get("MetricName") == metric
    )
    alarm["Dimensions"] = [{"Name": name, "Value": "any"} for name in wrong]

    (finding,) = check_template(template, environment, PublishedMetrics(systems()))
    assert (finding.rule, finding.logical_id) == ("alarm-dimensions", logical_id)


@pytest.mark.requirement("K-63", "M-44", "M-49", "T-62", "X-06")
@pytest.mark.parametrize("metric", ["ReadThrottleEvents", "WriteThrottleEvents"])
@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_throttling_is_watched_on_every_table_and_index(
    system: System, metric: str, templates: Templates
) -> None:
    found = named(alarms(templates, "prod", f"{system.name}-data"), metric)
    assert {
        (dimensions(a)["TableName"], dimensions(a).get("GlobalSecondaryIndexName")) for a in found
    } == tables_and_indexes(system, "prod")
    rules = {(a["Statistic"], a["Period"], a["ComparisonOperator"], a["Threshold"]) for a in found}
    assert rules == {("Sum", 60, "GreaterThanThreshold", 0)}


@pytest.mark.requirement("K-55", "K-56", "M-43", "M-46", "M-51", "T-64", "T-65")
@pytest.mark.parametrize(
    ("metric", "threshold"),
    [("ConsumedReadCapacityUnits", 10_000), ("ConsumedWriteCapacityUnits", 5_000)],
)
@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_consumption_is_watched_on_every_table_and_index_in_absolute_units(
    system: System, metric: str, threshold: int, templates: Templates
) -> None:
    """On-demand has no capacity of which it could be a part."""
    found = named(alarms(templates, "prod", f"{system.name}-data"), metric)
    assert {
        (dimensions(a)["TableName"], dimensions(a).get("GlobalSecondaryIndexName")) for a in found
    } == tables_and_indexes(system, "prod")
    for alarm in found:
        assert alarm["Threshold"] == threshold
        assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
        assert (alarm["Statistic"], alarm["Period"]) == ("Sum", 60)
        assert alarm["EvaluationPeriods"] == alarm["DatapointsToAlarm"] == 1


@pytest.mark.requirement("K-58", "T-66", "X-06")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_user_errors_are_watched_once_and_without_dimensions(
    environment: str, templates: Templates
) -> None:
    (alarm,) = named(alarms(templates, environment), "UserErrors")
    assert "Dimensions" not in alarm
    assert (alarm["Statistic"], alarm["Period"], alarm["Threshold"]) == ("Sum", 60, 10)
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert alarm == only(templates(environment)[f"account-{environment}"], ALARM)


@pytest.mark.requirement("K-71", "M-37", "T-67")
@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_query_latency_of_the_handlers_is_watched_by_its_p99(
    system: System, templates: Templates
) -> None:
    (client,) = named(alarms(templates, "prod", f"{system.name}-service"), "Latency")
    assert client["Namespace"] == "Keyline"
    where = {"Environment": "prod", "System": system.name}
    assert dimensions(client) == {**where, "Operation": "Query"}
    assert (client["ExtendedStatistic"], client["Threshold"]) == ("p99", 100)


@pytest.mark.requirement("T-67")
def test_the_service_s_average_of_a_query_is_watched_beside_it(templates: Templates) -> None:

    service = named(alarms(templates, "prod", "chat-data"), "SuccessfulRequestLatency")
    assert {"TableName": "ChatMessages", "Operation": "Query"} in map(dimensions, service)
    assert {alarm["Statistic"] for alarm in service} == {"Average"}


def test_the_single_table_s_growth_is_watched(templates: Templates) -> None:
    (alarm,) = named(alarms(templates, "prod", "interactions-data"), "StorageGrowthPercent")
    where = {"Environment": "prod", "System": "interactions"}
    assert dimensions(alarm) == {**where, "Table": "mediphant-data"}


@pytest.mark.requirement("T-68")
def test_storage_growth_is_watched_on_the_metric_that_a_function_publishes(
    templates: Templates,
) -> None:
    found = named(alarms(templates, "prod", "chat-data"), "StorageGrowthPercent")
    assert {
        "Environment": "prod",
        "System": "chat",
        "Table": "ChatMessages",
    } in map(dimensions, found)
    for alarm in found:
        assert (alarm["Namespace"], alarm["Threshold"], alarm["Period"]) == ("Keyline", 50, 86_400)


@pytest.mark.requirement("K-57")
@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_latency_within_dynamodb_is_watched_by_operation(
    system: System, templates: Templates
) -> None:
    found = named(alarms(templates, "prod", f"{system.name}-data"), "SuccessfulRequestLatency")
    queried = {
        pattern.table.physical_name("prod")
        for pattern in system.patterns
        if pattern.operation == "Query"
    }
    assert queried
    assert [dimensions(alarm) for alarm in found] == [
        {"TableName": table.physical_name("prod"), "Operation": "Query"}
        for table in system.tables
        if table.physical_name("prod") in queried
    ]


@pytest.mark.requirement("K-59")
@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_faults_of_dynamodb_are_watched_operation_by_operation(
    system: System, templates: Templates
) -> None:
    watched = {
        (found["TableName"], found["Operation"])
        for alarm in alarms(templates, "prod", f"{system.name}-data")
        for metric in metrics(alarm)
        if metric["MetricName"] == "SystemErrors"
        for found in [dimensions(metric)]
    }
    assert watched == {
        (table.physical_name("prod"), operation)
        for table in system.tables
        for operation in deployment.operations_on(system, table)
    }
    assert {name for name, _ in watched} == {t.physical_name("prod") for t in system.tables}


@pytest.mark.requirement("K-60", "K-61", "M-50")
@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_every_function_is_watched_for_errors_and_for_nearing_its_timeout(
    system: System, templates: Templates
) -> None:
    found = alarms(templates, "prod", f"{system.name}-service")
    names = {f"{system.name}-{function.name}-prod" for function in system.functions}
    assert {dimensions(a)["FunctionName"] for a in named(found, "Errors")} == names
    slow = {dimensions(a)["FunctionName"]: a["Threshold"] for a in named(found, "Duration")}
    assert slow == {f"{system.name}-{f.name}-prod": f.timeout * 800 for f in system.functions}


@pytest.mark.requirement("M-50")
@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_every_api_is_watched_for_answers_that_are_our_fault(
    system: System, templates: Templates
) -> None:
    (alarm,) = named(alarms(templates, "prod", f"{system.name}-service"), "5xx")
    assert (alarm["Namespace"], alarm["Threshold"], alarm["Statistic"]) == (
        "AWS/ApiGateway",
        0,
        "Sum",
    )


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_sums_of_metrics_are_small_enough_and_filled(
    environment: str, templates: Templates
) -> None:
    sums = [alarm for alarm in alarms(templates, environment) if "Metrics" in alarm]
    assert sums
    for alarm in sums:
        assert len(alarm["Metrics"]) <= MAX_METRICS
        (expression,) = (q["Expression"] for q in alarm["Metrics"] if "Expression" in q)
        ids = [query["Id"] for query in alarm["Metrics"] if "MetricStat" in query]
        assert expression == " + ".join(f"FILL({id}, 0)" for id in ids)


@pytest.mark.requirement("T-39")
def test_each_provider_of_the_chat_system_has_a_daily_budget(templates: Templates) -> None:
    found = named(alarms(templates, "prod", "chat-service"), COST)
    budgets = load("prod").settings("chat", Settings).daily_budget_usd
    assert budgets
    assert {dimensions(alarm)["Provider"]: alarm["Threshold"] for alarm in found} == budgets
    for alarm in found:
        assert (alarm["Statistic"], alarm["Period"]) == ("Sum", 86_400)
        assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
