"""The companion system in the templates: who may call the skill, what it may do, what alarms."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.templates import Templates, resources


def of(templates: Templates, environment: str, part: str, kind: str) -> list[dict[str, Any]]:
    template = templates(environment)[f"companion-{part}-{environment}"]
    return list(resources(template, kind).values())


@pytest.mark.requirement("B-03")
@pytest.mark.requirement("B-04")
def test_assignments_have_both_indexes(templates: Templates) -> None:
    tables = {t["TableName"]: t for t in of(templates, "dev", "data", "AWS::DynamoDB::GlobalTable")}
    found = tables["BuddyAssignments-dev"]["GlobalSecondaryIndexes"]
    keys = {i["IndexName"]: [k["AttributeName"] for k in i["KeySchema"]] for i in found}
    assert keys == {
        "patientIdIndex": ["patientId", "assignedAt"],
        "assignedAtIndex": ["caregiverId", "assignedAt"],
    }
    assert {table["BillingMode"] for table in tables.values()} == {"PAY_PER_REQUEST"}


@pytest.mark.requirement("B-62")
def test_the_filter_holds_no_numeric_rule(templates: Templates) -> None:
    (mapping,) = of(templates, "prod", "service", "AWS::Lambda::EventSourceMapping")
    (rule,) = mapping["FilterCriteria"]["Filters"]
    assert '"anything-but": ["0"]' in rule["Pattern"]
    assert "numeric" not in rule["Pattern"]


def test_only_the_named_skill_may_call(templates: Templates) -> None:
    def alexa(environment: str) -> list[dict[str, Any]]:
        found = of(templates, environment, "service", "AWS::Lambda::Permission")
        return [one for one in found if one["Principal"] == "alexa-appkit.amazon.com"]

    assert alexa("prod") == []
    (one,) = alexa("local")
    assert one["EventSourceToken"] == "amzn1.ask.skill.00000000-0000-0000-0000-000000000000"
