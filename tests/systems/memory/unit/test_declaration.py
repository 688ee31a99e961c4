"""The declaration says what the specification says, with its corrections."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path

import pytest

from keyline.model import Function, ProjectionType, StreamView
from memory.context_cache import ContextCache
from memory.embeddings.identifiers import CHUNKS, chunk_of
from memory.embeddings.tables import EMBEDDINGS
from memory.settings import Settings
from memory.system import SYSTEM
from memory.tables import HISTORY


@pytest.mark.requirement("I-01", "I-02", "I-03")
def test_the_history_has_the_specified_key() -> None:
    assert HISTORY.physical_name("dev") == "ial-conversation-history-v2-dev"
    assert HISTORY.key.attributes == ("user_date", "timestamp_type")
    keys = HISTORY.kinds[0].keys
    assert keys["user_date"] == "{user_id}#{date}"
    assert keys["timestamp_type"] == "{timestamp:017.3f}#{role}#{suffix}"


@pytest.mark.requirement("I-04", "I-05", "I-06")
@pytest.mark.parametrize(
    ("name", "partition", "carried"),
    [
        ("UserTimeIndex", "user_id", {"content_summary", "tokens", "role", "ttl"}),
        ("SessionIndex", "session_id", {"content_hash", "summary", "role", "user_id", "ttl"}),
    ],
)
def test_the_indexes_carry_what_is_specified_and_what_their_readers_need(
    name: str, partition: str, carried: set[str]
) -> None:
    index = HISTORY.index(name)
    assert index.key.attributes == (partition, "timestamp")
    assert HISTORY.type_of("timestamp") == "N"
    assert index.projection.type is ProjectionType.INCLUDE
    assert set(index.projection.include) == carried
    assert len(HISTORY.indexes) == 2


@pytest.mark.requirement("I-09", "I-10")
def test_the_embeddings_have_the_specified_keys_and_index() -> None:
    assert EMBEDDINGS.key.attributes == ("user_chunk", "embedding_id")
    assert EMBEDDINGS.kinds[0].keys["user_chunk"] == "{user_id}#{chunk}"
    (index,) = EMBEDDINGS.indexes
    assert index.name == "SimilarityIndex"
    assert index.key.attributes == ("user_chunk", "similarity_hash")
    assert set(index.projection.include) >= {"vector_compressed", "metadata"}


@pytest.mark.requirement("I-11", "I-22")
def test_a_chunk_is_one_of_ten_and_the_same_in_every_process() -> None:
    found = [chunk_of(f"{number:026}") for number in range(1_000)]
    assert set(found) == set(range(CHUNKS))
    assert CHUNKS == 10
    assert found[:5] == [2, 6, 8, 0, 1]


@pytest.mark.requirement("I-07", "I-08", "I-12")
def test_turns_and_embeddings_expire_together_and_have_streams() -> None:
    assert Settings().history_days == 30
    for table in (HISTORY, EMBEDDINGS):
        assert table.ttl is not None
        assert table.ttl.attribute == "ttl"
        assert table.ttl.retention is not None
        assert table.ttl.retention.days == "history_days"
        assert table.stream is StreamView.NEW_AND_OLD_IMAGES


def test_no_route_names_a_user_and_each_asks_for_a_scope() -> None:
    routes = [route for function in SYSTEM.functions for route in function.routes]
    assert all(route.scope in ("memory:read", "memory:write") for route in routes)
    assert not any("user" in route.path.lower() for route in routes)
    writing = {route.scope for route in routes if route.method == "DELETE"}
    assert writing == {"memory:write"}


@pytest.mark.requirement("I-17")
@pytest.mark.parametrize("function", SYSTEM.functions, ids=lambda function: function.name)
def test_a_function_that_uses_the_cache_is_in_its_network(function: Function) -> None:
    module, _, _ = function.handler.rpartition(".")
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    names = {
        alias.name
        for node in ast.walk(ast.parse(Path(spec.origin).read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert function.caches == (ContextCache.__name__ in names)
