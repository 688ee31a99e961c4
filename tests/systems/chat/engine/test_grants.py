"""Each function's role is exactly what its handler does: nothing missing, nothing unused."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from chat.system import SYSTEM
from tests.systems.chat.engine.test_rollups import record
from tests.systems.chat.on_engine import Chat
from tests.systems.chat.unit.examples import START, message

NEW = {
    "moduleId": 7,
    "provider": "openai",
    "modelUsed": "small",
    "question": "Why?",
    "response": "Because.",
    "tokenCount": 120,
    "responseTime": 900,
}


def write(chat: Chat) -> None:
    chat.app("write")(
        "POST /conversations/{conversationId}/messages",
        {"conversationId": "c"},
        body=NEW,
        student=5,
    )
    chat.app("write")(
        "POST /conversations/{conversationId}/messages",
        {"conversationId": "c"},
        body=NEW,
        student=6,
    )


def read(chat: Chat) -> None:
    api = chat.app("read")
    key = {"conversationId": "c", "timestamp": START}
    api("GET /conversations/{conversationId}/messages", {"conversationId": "c"})
    api("GET /conversations/{conversationId}/messages/{timestamp}", key)
    api("POST /messages/batch-get", body={"keys": [key]})
    api("GET /modules/{moduleId}/messages", {"moduleId": 7})
    api("GET /students/{studentId}/messages", {"studentId": 5})
    api("GET /students/{studentId}/recent", {"studentId": 5})
    api("GET /providers/{provider}/messages", {"provider": "openai"}, query="from=2026-01-01")


def analytics(chat: Chat) -> None:
    api = chat.app("analytics")
    for query in ("from=2026-01-01", f"from={START:.0f}"):
        api("GET /modules/{moduleId}/analytics", {"moduleId": 7}, query=query)
        api("GET /providers/{provider}/analytics", {"provider": "openai"}, query=query)
    api("GET /modules/{moduleId}/reports", {"moduleId": 7})
    api("GET /providers/{provider}/reports", {"provider": "openai"})
    api("GET /providers/{provider}/today", {"provider": "openai"})
    api("GET /inactive-students", query="since=2026-01-01")
    api("GET /students/{studentId}/analytics", {"studentId": 5})
    api("GET /students/{studentId}/reports", {"studentId": 5})


def rollup_stream(chat: Chat) -> None:
    handler = chat.module("rollup-stream").handler
    handler({"Records": [record(chat, 1, message(studentId=5))]}, None)


def table_sizes(chat: Chat) -> None:
    chat.module("table-sizes").handler({}, None)


USES: Mapping[str, Callable[[Chat], None]] = {
    "write": write,
    "read": read,
    "analytics": analytics,
    "rollup-stream": rollup_stream,
    "table-sizes": table_sizes,
}


def test_every_function_is_among_them() -> None:
    assert set(USES) == {function.name for function in SYSTEM.functions}


@pytest.mark.requirement("X-07")
@pytest.mark.parametrize("function", USES)
def test_what_a_function_asks_for_equals_what_its_role_grants(chat: Chat, function: str) -> None:
    asked = chat.accesses()
    USES[function](chat)
    assert asked == SYSTEM.function(function).access
