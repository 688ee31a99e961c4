"""Test how every table of every environment is protected."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from keyline_deploy.environment import Most, load
from keyline_deploy.systems import systems
from tests.support.templates import ENVIRONMENTS, Templates, resources, synthesize

TABLE = "AWS::DynamoDB::GlobalTable"


def tables(templates: Templates, environment: str) -> Iterator[dict[str, Any]]:
    for template in templates(environment).values():
        for resource in template["Resources"].values():
            assert resource["Type"] != "AWS::DynamoDB::Table"
            if resource["Type"] == TABLE:
                yield resource


@pytest.mark.requirement("X-02", "X-03")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_table_is_protected_as_its_environment_says(
    environment: str, templates: Templates
) -> None:
    wanted = load(environment).tables
    found = list(tables(templates, environment))
    assert found
    for table in found:
        (replica,) = table["Properties"]["Replicas"]
        assert replica["PointInTimeRecoverySpecification"] == {
            "PointInTimeRecoveryEnabled": True,
            "RecoveryPeriodInDays": wanted.pitr_days,
        }
        assert replica["DeletionProtectionEnabled"] is wanted.deletion_protection
        kept = wanted.removal_policy == "retain"
        assert table["DeletionPolicy"] == ("RetainExceptOnCreate" if kept else "Delete")
        assert table["UpdateReplacePolicy"] == ("Retain" if kept else "Delete")
        assert table["Properties"]["SSESpecification"]["SSEEnabled"] is True
        assert table["Properties"]["BillingMode"] == "PAY_PER_REQUEST"
        assert {tag["Key"] for tag in replica["Tags"]} >= {"system", "environment", "project"}


@pytest.mark.requirement("X-02", "X-03")
def test_prod_keeps_its_tables_whatever_happens(templates: Templates) -> None:
    for table in tables(templates, "prod"):
        (replica,) = table["Properties"]["Replicas"]
        policies = (table["DeletionPolicy"], table["UpdateReplacePolicy"])
        assert policies == ("RetainExceptOnCreate", "Retain")
        assert replica["DeletionProtectionEnabled"] is True
        assert replica["PointInTimeRecoverySpecification"]["RecoveryPeriodInDays"] == 35


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_logs_and_given_up_records_outlive_their_function_where_data_is_kept(
    environment: str, templates: Templates
) -> None:
    kept = load(environment).tables.removal_policy == "retain"
    found = [
        resource
        for template in templates(environment).values()
        for resource in template["Resources"].values()
        if resource["Type"] in ("AWS::Logs::LogGroup", "AWS::SQS::Queue")
    ]
    assert {resource["Type"] for resource in found} == {"AWS::Logs::LogGroup", "AWS::SQS::Queue"}
    wanted = "RetainExceptOnCreate" if kept else "Delete"
    assert {resource["DeletionPolicy"] for resource in found} == {wanted}


def test_a_table_and_its_indexes_take_no_more_than_the_environment_says(tmp_path: Path) -> None:
    dev = load("dev")
    system = next(s for s in systems() for t in s.tables if t.indexes)
    table = next(table for table in system.tables if table.indexes)
    most = {table.name: Most(read=2_000, write=500)}
    limited = msgspec.structs.replace(dev, tables=msgspec.structs.replace(dev.tables, most=most))
    stack = synthesize(limited, [system], tmp_path)[f"{system.name}-data-dev"]
    for properties in resources(stack.template, TABLE).values():
        parts = [properties, *properties.get("GlobalSecondaryIndexes", [])]
        (replica,) = properties["Replicas"]
        read = [replica, *replica.get("GlobalSecondaryIndexes", [])]
        is_limited = properties["TableName"] == limited.table_name(system.name, table)
        writes = {"MaxWriteRequestUnits": 500} if is_limited else None
        reads = {"MaxReadRequestUnits": 2_000} if is_limited else None
        assert [part.get("WriteOnDemandThroughputSettings") for part in parts] == [writes] * len(
            parts
        )
        assert [part.get("ReadOnDemandThroughputSettings") for part in read] == [reads] * len(read)
