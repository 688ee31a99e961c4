"""Test that an expired message is not shown from its second on; its deletion changes no total."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.support.client import assert_problem
from tests.support.platform import Running
from tests.systems.chat.e2e.api import Api, fresh_id, fresh_name
from tests.systems.chat.e2e.recount import MESSAGES, ROLLUPS, assert_totals_match, totals_in, write

pytestmark = pytest.mark.xdist_group("chat")

LIVE, EXPIRED, PAGE = 25, 40, 10


def messages(running: Running) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Live and expired messages of one conversation, student and module, mixed in time."""
    conversation, module, student = fresh_name(), fresh_id(), fresh_id()
    now = int(time.time())
    live: list[dict[str, Any]] = []
    expired: list[dict[str, Any]] = []
    for n in range(LIVE + EXPIRED):
        over = n % 13 < 8
        (expired if over else live).append(
            {
                "conversationId": conversation,
                "timestamp": now * 1000 + n,
                "messageId": fresh_name(),
                "moduleId": module,
                "studentId": student,
                "provider": "anthropic",
                "modelUsed": "claude-3-5-haiku",
                "question": "Old?",
                "response": "Very." if over else "Not yet.",
                "tokenCount": 5,
                "responseTime": 300,
                "hasFile": False,
                "createdAt": "2026-01-31T00:00:00.000Z",
                "ttl": now - 60 if over else now + 86_400,
            }
        )
    assert (len(live), len(expired)) == (LIVE, EXPIRED)
    for message in sorted(live + expired, key=lambda m: int(m["timestamp"])):
        write(running, message)
    return live, expired


@pytest.mark.requirement("T-47", "X-04")
def test_expired_messages_are_in_no_page_and_their_deletion_in_no_total(
    api: Api, running: Running
) -> None:
    # Given live messages among more expired ones, and nothing else to sweep
    sweep_the_rest(running)
    live, expired = messages(running)
    conversation, module = live[0]["conversationId"], live[0]["moduleId"]
    student, newest = live[0]["studentId"], [m["messageId"] for m in reversed(live)]
    since = {"from": live[0]["timestamp"] - EXPIRED}

    # When they are paged through, then pages are full, and of live messages alone
    for path, more in (
        (f"/conversations/{conversation}", {}),
        (f"/modules/{module}", {}),
        (f"/students/{student}", {}),
        ("/providers/anthropic", since),
    ):
        pages = api.pages(f"{path}/messages", limit=PAGE, **more)
        shown = [m["messageId"] for page in pages for m in page]
        assert [len(page) for page in pages[:2]] == [PAGE, PAGE], path
        assert [each for each in shown if each in newest] == newest, path
        assert not {m["messageId"] for m in expired} & set(shown), path

    # And no other way shows them
    recent = api.get(f"/students/{student}/recent", limit=PAGE)["messages"]
    assert [m["messageId"] for m in recent] == newest[:PAGE]
    keys = [{"conversationId": conversation, "timestamp": m["timestamp"]} for m in live + expired]
    batch = api.call("POST", "/messages/batch-get", json={"keys": keys}).json()["messages"]
    assert [m["messageId"] for m in batch] == [m["messageId"] for m in live]
    at = f"/conversations/{conversation}/messages/{expired[0]['timestamp']}"
    assert_problem(api.call("GET", at), 404)

    # When they are swept, dry at first, then the dry run counts and deletes nothing
    assert_totals_match(running)
    totals = totals_in(running.items(ROLLUPS))
    dry = running.sweep(dry_run=True)
    assert (dry.counts[MESSAGES], dry.deleted) == (EXPIRED, 0)
    assert len(items_of(running, conversation)) == LIVE + EXPIRED

    # And the sweep deletes what was counted, and no live message
    swept = running.sweep()
    running.removed += expired
    assert (swept.counts[MESSAGES], swept.deleted) == (EXPIRED, EXPIRED)
    assert items_of(running, conversation) == sorted(m["messageId"] for m in live)

    # And the totals stay: what was counted was asked and answered
    running.settle()
    assert totals_in(running.items(ROLLUPS)) == totals
    assert_totals_match(running)


@pytest.mark.requirement("X-05")
def test_a_deletion_by_expiry_is_told_so_in_the_stream(running: Running) -> None:
    # Given expired messages, and nothing else to sweep
    sweep_the_rest(running)
    _, expired = messages(running)
    known = len(running.stream_records(MESSAGES))

    # When the sweep deletes
    running.sweep()
    running.removed += expired

    # Then its records carry the service's identity
    records = running.stream_records(MESSAGES)[known:]
    assert [record["eventName"] for record in records] == ["REMOVE"] * EXPIRED
    service = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    assert [record.get("userIdentity") for record in records] == [service] * EXPIRED


def sweep_the_rest(running: Running) -> None:
    """Sweep what another test may have left."""
    now = time.time()
    running.removed += [m for m in running.items(MESSAGES) if m.get("ttl", now + 1) <= now]
    running.sweep()


def items_of(running: Running, conversation: str) -> list[str]:
    found = running.items(MESSAGES)
    return sorted(m["messageId"] for m in found if m["conversationId"] == conversation)
