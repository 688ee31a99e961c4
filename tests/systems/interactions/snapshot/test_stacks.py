"""The interactions system in the templates: its table, the switch of its migration, alarms."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from interactions.settings import Settings
from interactions.system import SYSTEM
from keyline import variables
from keyline.migration import Phase
from keyline_deploy.environment import load
from keyline_deploy.metric_catalogue import MetricCatalogue
from tests.support.alarms import alarms, dimensions, named
from tests.support.templates import (
    ENVIRONMENTS,
    Templates,
    only,
    resources,
    schedules,
    synthesize,
    text,
)

FUNCTION = "AWS::Lambda::Function"
ALARM = "AWS::CloudWatch::Alarm"
PARAMETER = "AWS::SSM::Parameter"


def data_table(templates: Templates, environment: str) -> dict[str, Any]:
    template = templates(environment)[f"interactions-data-{environment}"]
    found = resources(template, "AWS::DynamoDB::GlobalTable").values()
    (table,) = (t for t in found if t["TableName"] == f"mediphant-data-{environment}")
    return table


@pytest.mark.requirement("M-01", "M-02", "M-03", "M-07")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_single_table_has_the_specified_name_keys_and_index(
    environment: str, templates: Templates
) -> None:
    table = data_table(templates, environment)
    types = {a["AttributeName"]: a["AttributeType"] for a in table["AttributeDefinitions"]}
    assert types == dict.fromkeys(("PK", "SK", "GSI1PK", "GSI1SK"), "S")
    assert key(table) == [("PK", "HASH"), ("SK", "RANGE")]
    (index,) = table["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "GSI1"
    assert key(index) == [("GSI1PK", "HASH"), ("GSI1SK", "RANGE")]
    assert index["Projection"] == {"ProjectionType": "ALL"}
    assert table["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.requirement("M-05")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_items_expire_by_the_attribute_ttl(environment: str, templates: Templates) -> None:
    assert data_table(templates, environment)["TimeToLiveSpecification"] == {
        "AttributeName": "TTL",
        "Enabled": True,
    }


@pytest.mark.requirement("M-38")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_one_function_is_told_of_the_switch_and_may_read_it(
    environment: str, templates: Templates
) -> None:
    name = f"/keyline/interactions/{environment}/migration-phase"
    template = templates(environment)[f"interactions-service-{environment}"]
    parameter = only(template, PARAMETER)
    assert (parameter["Name"], parameter["Type"]) == (name, "String")

    told = {
        properties["FunctionName"]: properties["Environment"]["Variables"][
            variables.PHASE_PARAMETER
        ]
        for properties in resources(template, FUNCTION).values()
        if variables.PHASE_PARAMETER in properties["Environment"]["Variables"]
    }
    assert told == {f"interactions-interactions-{environment}": name}
    readers = [
        (role, text(statement["Resource"]))
        for role, properties in resources(template, "AWS::IAM::Role").items()
        for statement in properties["Policies"][0]["PolicyDocument"]["Statement"]
        if statement["Action"] == "ssm:GetParameter"
    ]
    ((role, arn),) = readers
    assert role.startswith("InteractionsRole")
    assert arn.endswith(f":parameter{name}")


@pytest.mark.parametrize("phase", [1, 2])
def test_the_switch_begins_with_the_setting(phase: int, tmp_path: Path) -> None:
    dev = load("dev")
    systems = {**dev.systems, "interactions": {"phase": phase}}
    stacks = synthesize(msgspec.structs.replace(dev, systems=systems), [SYSTEM], tmp_path)
    parameter = only(stacks["interactions-service-dev"].template, PARAMETER)
    assert parameter["Value"] == str(phase)
    assert Phase.parse(parameter["Value"], "parameter").mode == phase


@pytest.mark.parametrize(
    ("value", "allowed"),
    [
        *(("1", True), ("2", True), ("3", True), ("2@2026-11-20T10:00:00Z", True)),
        *(("4", False), ("", False), ("2 @2026", False), ("parallel", False)),
    ],
)
def test_the_switch_takes_what_the_function_reads(
    value: str, allowed: bool, templates: Templates
) -> None:
    parameter = only(templates("dev")["interactions-service-dev"], PARAMETER)
    assert bool(re.search(parameter["AllowedPattern"], value)) is allowed


def test_every_environment_is_in_the_last_phase(templates: Templates) -> None:
    for environment in ENVIRONMENTS:
        assert load(environment).settings("interactions", Settings).phase == 3


@pytest.mark.requirement("M-39")
@pytest.mark.parametrize(
    "metric",
    [
        *("MigrationMismatches", "MigrationWriteFailures", "MigrationReadFailures"),
        "PhaseFailures",
    ],
)
def test_the_migration_is_watched(metric: str, templates: Templates) -> None:
    template = templates("prod")["interactions-service-prod"]
    (alarm,) = (
        alarm for alarm in resources(template, ALARM).values() if alarm.get("MetricName") == metric
    )
    assert alarm["Namespace"] == "Keyline"
    assert {d["Name"]: d["Value"] for d in alarm["Dimensions"]} == {
        "Environment": "prod",
        "System": "interactions",
    }
    assert (alarm["Statistic"], alarm["Period"], alarm["Threshold"]) == ("Sum", 60, 0)
    assert alarm["DatapointsToAlarm"] == 1


@pytest.mark.requirement("M-42")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_hit_ratio_is_shown_of_all_reads_that_asked_dynamodb(
    environment: str, templates: Templates
) -> None:
    ratio, *counts = migration_graph("Migration: hit ratio, %", environment, templates)
    whole = "(FILL(part, 0) + FILL(misses, 0) + FILL(fallbacks, 0))"
    (shown,) = ratio
    assert shown["expression"] == f"IF({whole} > 0, 100 * FILL(part, 0) / {whole})"
    assert shown.get("visible", True)

    by_id = {metric[-1]["id"]: metric for metric in counts}
    assert {id: metric[1] for id, metric in by_id.items()} == {
        "part": "MigrationHits",
        "misses": "MigrationMisses",
        "fallbacks": "MigrationFallbacks",
    }
    for metric in counts:
        assert published(metric, environment)
        assert (metric[-1].get("stat"), metric[-1]["visible"]) == ("Sum", False)


@pytest.mark.requirement("M-42")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_the_ratio_is_made_of_is_shown_and_what_is_pending_as_its_maximum(
    environment: str, templates: Templates
) -> None:
    reads = migration_graph("Migration: reads", environment, templates)
    assert [metric[1].removeprefix("Migration") for metric in reads] == [
        *("Hits", "Misses", "Fallbacks"),
        *("Matches", "Mismatches"),
    ]
    assert {metric[-1]["stat"] for metric in reads} == {"Sum"}
    title = "Migration: pending writes of one process"
    (pending,) = migration_graph(title, environment, templates)
    assert (pending[1], pending[-1].get("stat")) == ("MigrationPending", "Maximum")
    for metric in (*reads, pending):
        assert published(metric, environment)


def test_the_single_table_s_growth_is_watched(templates: Templates) -> None:
    (alarm,) = named(alarms(templates, "prod", "interactions-data"), "StorageGrowthPercent")
    where = {"Environment": "prod", "System": "interactions"}
    assert dimensions(alarm) == {**where, "Table": "mediphant-data"}


@pytest.mark.requirement("M-45")
def test_the_sizes_of_the_tables_are_told_once_a_day(templates: Templates) -> None:
    assert schedules(templates("prod")["interactions-service-prod"]) == {
        "interactions-table-sizes-prod": "rate(1 day)"
    }


def migration_graph(title: str, environment: str, templates: Templates) -> list[list[Any]]:
    """Return the metrics of one graph of the dashboard, in CloudWatch's notation."""
    template = templates(environment)[f"interactions-service-{environment}"]
    body = json.loads(text(only(template, "AWS::CloudWatch::Dashboard")["DashboardBody"]))
    (graph,) = (w["properties"] for w in body["widgets"] if w["properties"]["title"] == title)
    found: list[list[Any]] = graph["metrics"]
    return found


def published(metric: list[Any], environment: str) -> bool:
    """Return whether a metric of a graph is one that the system's functions write here."""
    namespace, name, *rest = metric[:-1]
    dimensions = dict(zip(rest[::2], rest[1::2], strict=True))
    where = {"Environment": environment, "System": "interactions"}
    fault = MetricCatalogue([SYSTEM]).fault(namespace, name, dimensions)
    return dimensions == where and fault is None


def key(schema: dict[str, Any]) -> list[tuple[str, str]]:
    return [(k["AttributeName"], k["KeyType"]) for k in schema["KeySchema"]]
