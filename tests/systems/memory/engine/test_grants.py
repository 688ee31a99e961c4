"""Test that what the functions ask for is exactly what their roles grant."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from memory.system import SYSTEM
from tests.systems.memory.on_engine import Memory, turns
from tests.systems.memory.packed import OLD, lose_a_group, old_turns, session_of, stream_of

KEY = {"content-type": "application/json", "idempotency-key": '"k"'}


def write(memory: Memory) -> None:
    memory.app("write")("POST /interactions", body=turns("a", "b"), headers=KEY)


def recall(memory: Memory) -> None:
    old_turns(memory, OLD)
    api = memory.app("recall")
    assert api("POST /searches", body={"query": "line 1"}).body["turns"]
    lose_a_group(memory)
    api("POST /contexts", body={"query": "a", "session_id": "s"})
    assert api("POST /searches", body={"query": "line 1"}).body["turns"]
    api("POST /near-duplicates", body={"text": "line 1"})


def read(memory: Memory) -> None:
    api = memory.app("read")
    api("GET /history")
    api("GET /days/{date}", {"date": "2026-01-01"})
    api("GET /sessions/{sessionId}", {"sessionId": "s"})
    api("GET /turns/{turnId}", {"turnId": "1767225600000001-3fa-user"})


def forget(memory: Memory) -> None:
    old_turns(memory, OLD)
    old_turns(memory, 96, begin=OLD)
    api = memory.app("forget")
    for name in (session_of(0), session_of(OLD)):
        assert api("DELETE /sessions/{sessionId}", {"sessionId": name}).body["turns"] == 48
    assert api("DELETE /history").body["complete"]


def pack(memory: Memory) -> None:
    old_turns(memory, OLD, packed=False)
    handler = memory.module("pack-stream").handler
    assert handler(stream_of(memory), None) == {"batchItemFailures": []}
    old_turns(memory, OLD, begin=OLD, packed=False)
    assert handler(stream_of(memory), None) == {"batchItemFailures": []}


def cache(memory: Memory) -> None:
    memory.module("cache-stream")


def sizes(memory: Memory) -> None:
    memory.module("table-sizes").handler({}, None)


USES: Mapping[str, Callable[[Memory], None]] = {
    "write": write,
    "recall": recall,
    "read": read,
    "forget": forget,
    "pack-stream": pack,
    "cache-stream": cache,
    "table-sizes": sizes,
}


def test_every_function_is_among_them() -> None:
    assert set(USES) == {function.name for function in SYSTEM.functions}


@pytest.mark.requirement("X-07")
@pytest.mark.parametrize("function", USES)
def test_what_a_function_asks_for_equals_what_its_role_grants(
    memory: Memory, function: str
) -> None:
    asked = memory.accesses()
    USES[function](memory)
    assert asked == SYSTEM.function(function).access
