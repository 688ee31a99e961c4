"""A token that says neither staff nor student opens no route."""

from __future__ import annotations

from typing import Any

from chat.system import SYSTEM
from tests.systems.chat.engine.test_api import NEW
from tests.systems.chat.on_engine import Chat

ROUTES = [(function.name, route) for function in SYSTEM.functions for route in function.routes]
PATH = {
    "conversationId": "c",
    "timestamp": "1.0",
    "moduleId": 7,
    "studentId": 5,
    "provider": "openai",
}
QUERIES = {"GET /inactive-students": "since=2026-01-01"}
BODIES: dict[str, Any] = {
    "POST /conversations/{conversationId}/messages": NEW,
    "POST /messages/batch-get": {"keys": [{"conversationId": "c", "timestamp": 1.0}]},
}


def _query(route: str) -> str:
    ranged = route.endswith(("/analytics", "/reports", "/providers/{provider}/messages"))
    return "from=2026-01-01&to=2026-01-02" if ranged else QUERIES.get(route, "")


def test_every_route_refuses_it_before_it_asks_the_table(chat: Chat) -> None:
    asked = chat.accesses()
    apis = {name: chat.app(name) for name, _ in ROUTES}
    refused = {}
    for function, declared in ROUTES:
        route = f"{declared.method} {declared.path}"
        path = {name: value for name, value in PATH.items() if f"{{{name}}}" in route}
        answer = apis[function](
            route,
            path,
            query=_query(route),
            body=BODIES.get(route),
            claims={"custom:student_id": "5"},
        )
        refused[route] = (answer.status, answer.body["path"])
    assert len(refused) == 16
    assert refused == dict.fromkeys(refused, (403, "token"))
    assert not asked
