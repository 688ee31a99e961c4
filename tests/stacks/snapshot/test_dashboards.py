"""Every dashboard: what it shows is published, and all that is declared is on it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keyline.model import System, deployment
from keyline_deploy.metric_catalogue import MetricCatalogue
from keyline_deploy.systems import systems
from tests.support.templates import ENVIRONMENTS, Templates, only, resources, text

Shown = tuple[str, str, frozenset[tuple[str, str]]]
"""Namespace, metric, dimensions."""


def shown(templates: Templates, system: str, environment: str) -> set[Shown]:
    template = templates(environment)[f"{system}-service-{environment}"]
    dashboard = only(template, "AWS::CloudWatch::Dashboard")
    assert dashboard["DashboardName"] == f"{system}-{environment}"
    return metrics_in(widgets(dashboard))


def widgets(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text(dashboard["DashboardBody"]))["widgets"]
    return found


def metrics_in(found: list[dict[str, Any]]) -> set[Shown]:
    return {
        _metric(metric)
        for widget in found
        for metric in widget["properties"].get("metrics", [])
        if "expression" not in metric[0]  # whose own metrics are listed beside it
    }


def _metric(metric: list[Any]) -> Shown:
    namespace, name, *rest = (part for part in metric if isinstance(part, str))
    return namespace, name, frozenset(zip(rest[::2], rest[1::2], strict=True))


def names(found: set[Shown], namespace: str, *dimensions: str) -> dict[str, set[tuple[str, ...]]]:
    """Return the values of the dimensions that each metric is shown with; absent ones are empty."""
    by_metric: dict[str, set[tuple[str, ...]]] = {}
    for space, name, pairs in found:
        if space == namespace:
            values = tuple(dict(pairs).get(dimension, "") for dimension in dimensions)
            by_metric.setdefault(name, set()).add(values)
    return by_metric


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_all_that_is_shown_is_published(
    system: System, environment: str, templates: Templates
) -> None:
    found = shown(templates, system.name, environment)
    assert found
    for namespace, metric, pairs in found:
        assert MetricCatalogue([system]).fault(namespace, metric, dict(pairs)) is None


@pytest.mark.requirement("I-56", "I-57", "K-55", "K-56", "K-57", "K-59", "M-43", "M-44", "M-46")
@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_every_table_index_and_operation_is_on_it(system: System, templates: Templates) -> None:
    found = shown(templates, system.name, "prod")
    parts = {
        (table.physical_name("prod"), index)
        for table in system.tables
        for index in ("", *(i.name for i in table.indexes))
    }
    by_part = names(found, "AWS/DynamoDB", "TableName", "GlobalSecondaryIndexName")
    for metric in (
        *("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"),
        *("ReadThrottleEvents", "WriteThrottleEvents"),
    ):
        assert by_part[metric] == parts
    operations = {
        (table.physical_name("prod"), operation)
        for table in system.tables
        for operation in deployment.operations_on(system, table)
    }
    by_operation = names(found, "AWS/DynamoDB", "TableName", "Operation")
    assert by_operation["SuccessfulRequestLatency"] == operations
    assert by_operation["SystemErrors"] == operations


@pytest.mark.requirement("K-60", "K-61", "K-62")
@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_every_function_is_on_it(system: System, templates: Templates) -> None:
    by_function = names(shown(templates, system.name, "prod"), "AWS/Lambda", "FunctionName")
    functions = {(f"{system.name}-{f.name}-prod",) for f in system.functions}
    assert by_function == dict.fromkeys(("Duration", "Errors", "Invocations"), functions)


@pytest.mark.requirement("M-47", "M-48")
@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_queries_are_shown_by_percentile_and_errors_by_operation(
    system: System, templates: Templates
) -> None:
    template = templates("prod")[f"{system.name}-service-prod"]
    body = json.loads(text(only(template, "AWS::CloudWatch::Dashboard")["DashboardBody"]))
    by_title = {w["properties"]["title"]: w["properties"]["metrics"] for w in body["widgets"]}

    queries = by_title["Query latency in handlers, ms"]
    assert [metric[-1]["stat"] for metric in queries] == ["p50", "p90", "p99"]
    where = ["Environment", "prod", "Operation", "Query", "System", system.name]
    assert [metric[:8] for metric in queries] == [["Keyline", "Latency", *where]] * 3
    assert [metric[5] for metric in by_title["Errors in handlers"]] == sorted(
        {pattern.operation for function in system.functions for pattern in function.patterns}
    )


def overview(templates: Templates, environment: str) -> list[dict[str, Any]]:
    dashboard = only(templates(environment)[f"account-{environment}"], "AWS::CloudWatch::Dashboard")
    assert dashboard["DashboardName"] == f"keyline-overview-{environment}"
    return widgets(dashboard)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_overview_shows_what_is_published(environment: str, templates: Templates) -> None:
    found = metrics_in(overview(templates, environment))
    assert found
    for namespace, metric, pairs in found:
        assert MetricCatalogue(systems()).fault(namespace, metric, dict(pairs)) is None


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_overview_shows_the_states_of_all_composite_alarms_that_tell(
    environment: str, templates: Templates
) -> None:
    (states,) = (each for each in overview(templates, environment) if each["type"] == "alarm")
    named = [arn.rpartition(":alarm:")[2] for arn in states["properties"]["alarms"]]
    telling = {
        alarm["AlarmName"]
        for template in templates(environment).values()
        for alarm in resources(template, "AWS::CloudWatch::CompositeAlarm").values()
        if alarm.get("AlarmActions")
    }
    account = resources(templates(environment)[f"account-{environment}"], "AWS::CloudWatch::Alarm")
    of_account = {f"${{{logical_id}.Arn}}" for logical_id in account}
    assert sorted(named) == sorted(telling | of_account)


@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_the_overview_has_the_key_figures_of_each_system(
    system: System, templates: Templates
) -> None:
    found = overview(templates, "prod")
    of_system = [w for w in found if w["properties"]["title"].startswith(f"{system.name}: ")]
    assert [widget["properties"]["title"].partition(": ")[2] for widget in of_system] == [
        *("invocations", "latency p99 in handlers, ms", "units", "calls that fail")
    ]
    drawn = [
        [m[-1]["label"] for m in w["properties"]["metrics"] if m[-1].get("visible", True)]
        for w in of_system
    ]
    assert drawn == [
        ["invocations", "errors", "refused"],
        ["slowest operation"],
        ["read units", "write units"],
        ["errors in handlers", "throttled reads", "throttled writes"],
    ]
    metrics = metrics_in(of_system)
    functions = names(metrics, "AWS/Lambda", "FunctionName")
    named = {(f"{system.name}-{function.name}-prod",) for function in system.functions}
    assert functions == dict.fromkeys(("Errors", "Invocations", "Throttles"), named)
    parts = {
        (table.physical_name("prod"), index)
        for table in system.tables
        for index in ("", *(i.name for i in table.indexes))
    }
    by_part = names(metrics, "AWS/DynamoDB", "TableName", "GlobalSecondaryIndexName")
    assert by_part == dict.fromkeys(
        (
            *("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"),
            *("ReadThrottleEvents", "WriteThrottleEvents"),
        ),
        parts,
    )
