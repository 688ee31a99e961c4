"""Test how every table of every environment is protected."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from keyline_deploy.environment import load
from tests.support.templates import ENVIRONMENTS, Templates

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
        policy = wanted.removal_policy.capitalize().replace("Destroy", "Delete")
        assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == policy
        assert table["Properties"]["SSESpecification"]["SSEEnabled"] is True
        assert table["Properties"]["BillingMode"] == "PAY_PER_REQUEST"
        assert {tag["Key"] for tag in replica["Tags"]} >= {"system", "environment", "project"}


@pytest.mark.requirement("X-02", "X-03")
def test_prod_keeps_its_tables_whatever_happens(templates: Templates) -> None:
    for table in tables(templates, "prod"):
        (replica,) = table["Properties"]["Replicas"]
        assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("Retain", "Retain")
        assert replica["DeletionProtectionEnabled"] is True
        assert replica["PointInTimeRecoverySpecification"]["RecoveryPeriodInDays"] == 35
