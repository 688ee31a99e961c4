"""The memory system's own alarms and permissions."""

from __future__ import annotations

import msgspec
import pytest

from keyline_deploy.environment import load
from memory.embeddings.tables import EMBEDDINGS
from memory.metrics import CONTEXT_MEMORY, CONTEXT_TIME, SEARCH_TIME
from memory.system import SYSTEM
from tests.support.alarms import alarms, dimensions, named
from tests.support.templates import Templates, resources, synthesize


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


@pytest.mark.requirement("I-73")
@pytest.mark.parametrize("asked", [True, False])
def test_the_vector_index_is_there_only_where_the_environment_asks(
    asked: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    prod = load("prod")
    section = {**prod.systems["memory"], "vector_index": asked}
    environment = msgspec.structs.replace(prod, systems={**prod.systems, "memory": section})
    stacks = synthesize(environment, [SYSTEM], tmp_path_factory.mktemp("vectors"))
    tables = resources(stacks["memory-data-prod"].template, "AWS::DynamoDB::GlobalTable").values()
    found = {t["TableName"]: t["VectorIndexes"] for t in tables if "VectorIndexes" in t}
    if not asked:
        assert found == {}
        return
    ((index,),) = found.values()
    assert list(found) == [EMBEDDINGS.physical_name("prod")]
    assert index == {
        "IndexName": "VectorIndex",
        "VectorAttribute": {"AttributeName": "vector"},
        "Dimensions": 1024,
        "DistanceFunction": "COSINE",
        "Projection": {"ProjectionType": "KEYS_ONLY"},
        "SearchSchema": [{"AttributeName": "user_chunk", "SearchSchemaElementType": "HASH"}],
    }
