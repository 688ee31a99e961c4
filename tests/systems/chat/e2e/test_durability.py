"""Test that what was acknowledged outlives kills and a restart of everything."""

from __future__ import annotations

from typing import Any

import httpx
import psutil
import pytest

from keyline_local.testing import is_taken
from tests.support.kills import acknowledged_under_kills
from tests.support.platform import Running
from tests.systems.chat.e2e.api import Api, fresh_id, fresh_name
from tests.systems.chat.e2e.recount import MESSAGES, assert_totals_match, everything

pytestmark = pytest.mark.xdist_group("chat")


@pytest.mark.soak
def test_kills_of_engine_and_functions_lose_no_acknowledged_message(
    api: Api, running: Running
) -> None:
    # Given writers who go on until they are told to stop
    conversation, module = fresh_name(), fresh_id()

    def write(writer: int) -> httpx.Response:
        return api.send(conversation, moduleId=module, question=f"by {writer}")

    # When the engine and functions are killed again and again among their writes, which succeed
    # or fail cleanly
    acknowledged = [answer.json() for answer in acknowledged_under_kills(running, write)]

    # And every acknowledged message is there, as it was acknowledged, and none is there twice
    stored = api.all(f"/conversations/{conversation}/messages", limit=500)
    by_id = {message["messageId"]: message for message in stored}
    assert len(by_id) == len(stored)
    assert [by_id.get(message["messageId"]) for message in acknowledged] == acknowledged

    # And the indexes and the daily totals have the same
    assert api.all(f"/modules/{module}/messages", limit=500) == stored
    assert_totals_match(running)


@pytest.mark.requirement("X-05")
def test_a_restart_keeps_everything_and_the_stream_goes_on(api: Api, running: Running) -> None:
    # Given a platform that is stopped while the stream still holds what nobody has counted
    conversation, module = fresh_name(), fresh_id()
    before = everything(running)
    asked: dict[str, Any] = {"from": 0, "limit": 1}
    cursor = api.get("/providers/openai/messages", **asked)["cursor"]
    consumed = len(running.stream_records(MESSAGES))
    sent = [api.post(conversation, moduleId=module, studentId=module) for _ in range(20)]
    children, ports = running.children(), running.ports()
    assert children
    assert len(ports) >= 6

    # When it stops
    running.stop()

    # Then no process of it is left, and its ports are free
    assert [child for child in children if psutil.pid_exists(child.pid)] == []
    assert [port for port in ports if is_taken(port)] == []

    # When it starts again on the same state
    running.start()

    # Then no table was touched, everything is there, and yesterday's cursors are good
    assert running.platform.changes == []
    assert api.all(f"/conversations/{conversation}/messages") == sent[::-1]
    assert api.get("/providers/openai/messages", **asked, cursor=cursor)["messages"]
    after = everything(running)
    assert before[MESSAGES].items() <= after[MESSAGES].items()

    # And the stream went on where it had stopped: only what is new was delivered
    (mapping,) = running.mappings
    status = running.platform.event_sources.status()[mapping.uuid]
    assert 0 < status.delivered <= len(sent)
    assert len(running.stream_records(MESSAGES)) == consumed + len(sent)
    assert_totals_match(running)
