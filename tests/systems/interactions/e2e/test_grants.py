"""Each function's role is exactly what the function does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.grants import assert_refused, granted, guard_of, used
from tests.support.platform import Running
from tests.systems.interactions.e2e.api import DATA, SIZES, Api

pytestmark = pytest.mark.xdist_group("interactions")


def use_everything(api: Api, running: Running) -> set[str]:
    """Call every route so that each pattern runs, and every schedule.

    Returns
    -------
    The routes that were called.
    """
    session = api.open()
    api.check(session)
    api.history(session)
    api.call("DELETE", f"/sessions/{session}/history").raise_for_status()
    for path in ("/sessions", f"/sessions/{session}", "/me", "/rate-limit", "/faq?q=dose"):
        api.get(path)
    api.get(f"/analytics/sessions/{session}")
    api.get("/faq/searches", day=datetime.now(UTC).date().isoformat())
    assert not any(running.run_schedules())
    return {
        *("POST /interactions", "POST /sessions", "GET /sessions", "GET /sessions/{sessionId}"),
        *(f"{method} /sessions/{{sessionId}}/history" for method in ("GET", "DELETE")),
        *("GET /me", "GET /rate-limit", "GET /analytics/sessions/{sessionId}"),
        *("GET /faq", "GET /faq/searches"),
    }


@pytest.mark.requirement("M-63", "X-07")
def test_each_role_is_exactly_what_its_function_used(api: Api, running: Running) -> None:
    # Given the templates' roles, and a guard that takes note of each request
    denied = set(guard_of(running).denied)

    # When everything there is has run
    assert use_everything(api, running) == {route.key for route in running.api.routes}

    # Then what was used is what is granted: nothing missing, nothing unused
    assert used(running) == granted(running)
    assert guard_of(running).denied == denied
    assert {access.function for access in used(running)} == running.functions
    assert not any(access.action == "Scan" for access in used(running))


def _key(pk: str, sk: str) -> dict[str, Any]:
    return {"Key": {"PK": {"S": pk}, "SK": {"S": sk}}}


def _item(pk: str, sk: str) -> dict[str, Any]:
    return {"Item": {"PK": {"S": pk}, "SK": {"S": sk}}}


@pytest.mark.requirement("X-07")
@pytest.mark.parametrize(
    ("function", "operation", "request_"),
    [
        ("interactions-interactions-local", "Scan", {"TableName": DATA}),
        ("interactions-interactions-local", "DeleteTable", {"TableName": DATA}),
        ("interactions-interactions-local", "PutItem", {"TableName": SIZES, **_item("a", "b")}),
        ("interactions-faq-local", "Scan", {"TableName": DATA}),
        ("interactions-faq-local", "GetItem", {"TableName": DATA, **_key("USER#a", "PROFILE")}),
        ("interactions-faq-local", "DeleteItem", {"TableName": DATA, **_key("QUERY#a", "b")}),
        ("interactions-table-sizes-local", "PutItem", {"TableName": DATA, **_item("a", "b")}),
        ("interactions-table-sizes-local", "Scan", {"TableName": DATA}),
    ],
)
def test_what_is_not_granted_is_refused(
    running: Running, function: str, operation: str, request_: dict[str, Any]
) -> None:
    assert_refused(running, function, operation, request_)
