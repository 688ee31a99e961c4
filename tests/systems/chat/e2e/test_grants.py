"""Each function's role is exactly what the function does."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.support.grants import assert_refused, granted, guard_of, used
from tests.support.platform import Running
from tests.systems.chat.e2e.api import Api, fresh_id, fresh_name
from tests.systems.chat.e2e.recount import MESSAGES, ROLLUPS

pytestmark = pytest.mark.xdist_group("chat")


def use_everything(api: Api, running: Running) -> set[str]:
    """Call every route so that each pattern runs, every stream and every schedule.

    Returns
    -------
    The routes that were called.
    """
    module, student, conversation = fresh_id(), fresh_id(), fresh_name()
    own = api.student(student)
    stored = api.post(conversation, own, moduleId=module)
    assert api.send(conversation, api.student(student + 1)).status_code == 404  # another owner
    key = {"conversationId": conversation, "timestamp": stored["timestamp"]}
    now = time.time() * 1000
    # ranges that no other test asked for, so that no answer comes from the cache
    moments: dict[str, Any] = {"from": now - fresh_id(), "to": now}
    days = {"from": "2026-01-01", "to": f"2026-02-{fresh_id() % 28 + 1:02}"}
    provider = "anthropic"
    api.call("POST", "/messages/batch-get", json={"keys": [key]}).raise_for_status()
    api.get(f"/conversations/{conversation}/messages")
    api.get(f"/conversations/{conversation}/messages/{stored['timestamp']}")
    api.get(f"/modules/{module}/messages")
    api.get(f"/students/{student}/messages")
    api.get(f"/students/{student}/recent")
    api.get(f"/providers/{provider}/messages", **moments)
    for path in (f"/modules/{module}", f"/providers/{provider}", f"/students/{student}"):
        for asked in (moments, days):
            api.get(f"{path}/analytics", **asked)
        api.get(f"{path}/reports", **days)
    api.get(f"/providers/{provider}/today")
    api.get("/inactive-students", since=now)
    running.settle()
    assert not any(running.run_schedules())
    return {
        *("POST /conversations/{conversationId}/messages", "POST /messages/batch-get"),
        "GET /conversations/{conversationId}/messages",
        "GET /conversations/{conversationId}/messages/{timestamp}",
        *("GET /modules/{moduleId}/messages", "GET /providers/{provider}/messages"),
        *("GET /students/{studentId}/messages", "GET /students/{studentId}/recent"),
        *("GET /modules/{moduleId}/analytics", "GET /modules/{moduleId}/reports"),
        *("GET /providers/{provider}/analytics", "GET /providers/{provider}/reports"),
        *("GET /students/{studentId}/analytics", "GET /students/{studentId}/reports"),
        *("GET /providers/{provider}/today", "GET /inactive-students"),
    }


@pytest.mark.requirement("X-07")
def test_each_role_is_exactly_what_its_function_used(api: Api, running: Running) -> None:
    # Given the templates' roles, and a guard that takes note of each request
    denied = set(guard_of(running).denied)

    # When everything there is has run
    called = use_everything(api, running)
    assert called == {route.key for route in running.api.routes}

    # Then what was used is what is granted: nothing missing, nothing unused
    assert used(running) == granted(running)
    assert guard_of(running).denied == denied
    assert {access.function for access in used(running)} == running.functions
    assert not any(access.action == "Scan" for access in used(running))


@pytest.mark.requirement("X-07")
@pytest.mark.parametrize(
    ("function", "operation", "request_"),
    [
        ("chat-write-local", "DeleteItem", {"TableName": ROLLUPS, "Key": {"pk": {"S": "a"}}}),
        ("chat-read-local", "PutItem", {"TableName": MESSAGES, "Item": {"a": {"S": "a"}}}),
        ("chat-read-local", "Scan", {"TableName": MESSAGES}),
        ("chat-analytics-local", "Scan", {"TableName": ROLLUPS}),
        (
            "chat-write-local",
            "Query",
            {
                "TableName": MESSAGES,
                "IndexName": "ModuleAnalyticsIndex",
                "KeyConditionExpression": "moduleId = :m",
                "ExpressionAttributeValues": {":m": {"N": "1"}},
            },
        ),
    ],
)
def test_what_is_not_granted_is_refused(
    running: Running, function: str, operation: str, request_: dict[str, Any]
) -> None:
    assert_refused(running, function, operation, request_)
