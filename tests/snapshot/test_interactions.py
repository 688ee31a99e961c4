"""The interactions system in the templates: its table, the switch of its migration, alarms."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from interactions.phase import PARAMETER_VARIABLE, parse
from interactions.settings import Settings
from interactions.system import SYSTEM
from keyline_cdk.environment import load
from tests.templates import ENVIRONMENTS, Templates, only, resources, synthesize, text

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
        properties["FunctionName"]: properties["Environment"]["Variables"][PARAMETER_VARIABLE]
        for properties in resources(template, FUNCTION).values()
        if PARAMETER_VARIABLE in properties["Environment"]["Variables"]
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
    assert parse(parameter["Value"], "parameter").mode == phase


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


@pytest.mark.requirement("M-36", "M-39")
@pytest.mark.parametrize("metric", ["MigrationMismatches", "MigrationWriteFailures"])
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


def key(schema: dict[str, Any]) -> list[tuple[str, str]]:
    return [(k["AttributeName"], k["KeyType"]) for k in schema["KeySchema"]]
