"""A declared migration in a template: the parameter, who reads it, what is watched and shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from keyline import variables
from keyline_deploy.metric_catalogue import MetricCatalogue
from tests.support.sample.shop import LARGE, MOVING
from tests.support.templates import DEFAULTS, only, resources, synthesize, text

ENVIRONMENT = msgspec.structs.replace(DEFAULTS, systems={"orders": {"phase": 2}})
NAME = f"/keyline/orders/{DEFAULTS.name}/migration-phase"
READERS = ("api", "nightly")
assert MOVING.migration is not None
MOVED = replace(
    MOVING,
    functions=tuple(replace(function, services=("ssm",)) for function in MOVING.functions),
    migration=replace(MOVING.migration, functions=READERS),
)
Template = Mapping[str, Any]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The service stack of the large sample, which moves in phase 2; two functions ask for it."""
    stacks = synthesize(ENVIRONMENT, [MOVED], tmp_path_factory.mktemp("moving"))
    found: Template = stacks[f"orders-service-{DEFAULTS.name}"].template
    return found


def test_the_parameter_begins_with_the_setting(template: Template) -> None:
    parameter = only(template, "AWS::SSM::Parameter")
    assert (parameter["Name"], parameter["Value"]) == (NAME, "2")
    assert parameter["Description"] == "The phase of the move from memory to DynamoDB: 1, 2 or 3."


def test_the_functions_that_the_migration_names_are_told_of_it_and_may_read_it(
    template: Template,
) -> None:
    told = {
        given[variables.FUNCTION]: given.get(variables.PHASE_PARAMETER)
        for properties in resources(template, "AWS::Lambda::Function").values()
        for given in [properties["Environment"]["Variables"]]
    }
    assert told == {f.name: NAME if f.name in READERS else None for f in MOVED.functions}
    granted = {
        role["Description"]: text(statement["Resource"])
        for role in resources(template, "AWS::IAM::Role").values()
        for statement in role["Policies"][0]["PolicyDocument"]["Statement"]
        if statement["Action"] == "ssm:GetParameter"
    }
    assert granted.keys() == {
        f"Exactly what orders-{name}-{DEFAULTS.name} uses." for name in READERS
    }
    assert all(arn.endswith(f":parameter{NAME}") for arn in granted.values())


def test_the_alarms_name_the_stores_and_the_runbook(template: Template) -> None:
    alarms = {
        alarm["MetricName"]: alarm["AlarmDescription"]
        for alarm in resources(template, "AWS::CloudWatch::Alarm").values()
        if alarm.get("MetricName", "").startswith(("Migration", "Phase"))
    }
    assert alarms.keys() == {
        *("MigrationMismatches", "MigrationWriteFailures", "MigrationReadFailures"),
        "PhaseFailures",
    }
    assert all(said.endswith("Runbook: docs/runbooks/orders.md") for said in alarms.values())
    assert "What memory and DynamoDB answer for orders differs." in alarms["MigrationMismatches"]
    assert "`keyline phase orders`" in alarms["PhaseFailures"]


def test_the_graphs_show_metrics_that_are_published(template: Template) -> None:
    body = text(only(template, "AWS::CloudWatch::Dashboard")["DashboardBody"])
    graphs = {
        widget["properties"]["title"]: widget["properties"]["metrics"]
        for widget in json.loads(body)["widgets"]
        if widget["properties"]["title"].startswith("Migration: ")
    }
    assert [title.removeprefix("Migration: ") for title in graphs] == [
        "hit ratio, %",
        "reads",
        "pending writes of one process",
    ]
    shown = [metric for metrics in graphs.values() for metric in metrics if len(metric) > 1]
    assert len(shown) == 3 + 5 + 1
    for namespace, name, *dimensions, _ in shown:
        assert dimensions == ["Environment", DEFAULTS.name, "System", "orders"]
        assert MetricCatalogue([MOVED]).fault(namespace, name, dimensions[::2]) is None


def test_a_system_without_a_migration_has_nothing_of_it(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    stacks = synthesize(DEFAULTS, [LARGE], tmp_path_factory.mktemp("still"))
    template = stacks[f"orders-service-{DEFAULTS.name}"].template
    assert resources(template, "AWS::SSM::Parameter") == {}
    still = json.dumps(template)
    assert "Migration" not in still
    assert variables.PHASE_PARAMETER not in still
