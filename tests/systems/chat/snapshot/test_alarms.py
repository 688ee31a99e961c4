"""The chat system's own alarms."""

from __future__ import annotations

import pytest

from chat.prices import COST
from chat.settings import Settings
from keyline_deploy.environment import load
from tests.support.alarms import alarms, dimensions, named
from tests.support.templates import Templates, schedules


@pytest.mark.requirement("T-67")
def test_the_service_s_average_of_a_query_is_watched_beside_it(templates: Templates) -> None:
    service = named(alarms(templates, "prod", "chat-data"), "SuccessfulRequestLatency")
    assert {"TableName": "ChatMessages", "Operation": "Query"} in map(dimensions, service)
    assert {alarm["Statistic"] for alarm in service} == {"Average"}


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


@pytest.mark.requirement("T-39")
def test_each_provider_has_a_daily_budget(templates: Templates) -> None:
    found = named(alarms(templates, "prod", "chat-service"), COST)
    budgets = load("prod").settings("chat", Settings).daily_budget_usd
    assert budgets
    assert {dimensions(alarm)["Provider"]: alarm["Threshold"] for alarm in found} == budgets
    for alarm in found:
        assert (alarm["Statistic"], alarm["Period"]) == ("Sum", 86_400)
        assert alarm["ComparisonOperator"] == "GreaterThanThreshold"


def test_the_sizes_of_the_tables_are_told_once_a_day(templates: Templates) -> None:
    assert schedules(templates("prod")["chat-service-prod"]) == {
        "chat-table-sizes-prod": "rate(1 day)"
    }
