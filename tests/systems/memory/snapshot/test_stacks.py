"""The memory system's own alarms and permissions."""

from __future__ import annotations

import pytest

from memory.metrics import CONTEXT_MEMORY, CONTEXT_TIME, SEARCH_TIME
from tests.support.alarms import alarms, dimensions, named
from tests.support.templates import Templates, resources


@pytest.mark.requirement("I-51", "I-58", "I-59", "I-60", "I-61", "I-63")
@pytest.mark.parametrize(
    ("name", "above"), [(CONTEXT_TIME, 100), (SEARCH_TIME, 500), (CONTEXT_MEMORY, 20)]
)
def test_contexts_and_searches_are_watched(templates: Templates, name: str, above: int) -> None:
    (alarm,) = named(alarms(templates, "prod", "memory-service"), name)
    assert (alarm["Namespace"], alarm["Threshold"]) == ("Keyline", above)
    assert alarm["ExtendedStatistic"] == "p99"
    assert dimensions(alarm) == {"Environment": "prod", "System": "memory"}


@pytest.mark.requirement("I-62")
def test_read_units_are_watched_against_a_number(templates: Templates) -> None:
    found = named(alarms(templates, "prod", "memory-data"), "ConsumedReadCapacityUnits")
    assert found
    assert {alarm["Threshold"] for alarm in found} == {10_000}


@pytest.mark.parametrize(("environment", "functions"), [("prod", 2), ("local", 0)])
def test_two_functions_may_call_the_model_where_it_makes_vectors(
    templates: Templates, environment: str, functions: int
) -> None:
    template = templates(environment)[f"memory-service-{environment}"]
    statements = [
        statement
        for role in resources(template, "AWS::IAM::Role").values()
        for policy in role["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    granted = [each for each in statements if each["Action"] == "bedrock:InvokeModel"]
    assert len(granted) == functions
    assert all("amazon.titan-embed-text-v2:0" in str(each["Resource"]) for each in granted)
