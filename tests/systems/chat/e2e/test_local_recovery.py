"""The drill on the local platform: a backup while writers go on, an accident, and the way back."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from chat.system import SYSTEM
from keyline_deploy.environment import load
from keyline_deploy.synthesized import read_templates
from keyline_ops.deployed import Deployed, Owned
from keyline_ops.recovery.local_state import LocalBackups
from keyline_ops.recovery.verify import verify
from tests.support.platform import Running
from tests.systems.chat.e2e.api import Api, fresh_id, fresh_name
from tests.systems.chat.e2e.recount import MESSAGES, assert_totals_match

pytestmark = pytest.mark.xdist_group("chat")
TABLES = [Owned(SYSTEM, table) for table in SYSTEM.tables]


def verified(running: Running) -> tuple[list[str], set[str]]:
    """Return the drifts of the system's tables, and what could not be verified."""
    where = Deployed(load("local"), engine=running.platform.endpoints.engine)
    templates = read_templates(running.assembly)
    found = verify(templates, where, TABLES, where.clients, alarms=True)
    drifts = [f"{each.name}.{drift.path}" for each in found for drift in each.drifts]
    return drifts, {unverified.path for each in found for unverified in each.unverified}


@pytest.mark.requirement("X-17")
def test_a_state_is_kept_while_it_is_written_and_comes_back_whole(
    api: Api, running: Running
) -> None:
    conversation, module = fresh_name(), fresh_id()
    sent: list[dict[str, Any]] = []
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            answer = api.send(conversation, moduleId=module, question="Why?")
            sent.append(answer.json())

    writer = threading.Thread(target=write)
    writer.start()
    while len(sent) < 20:
        assert writer.is_alive()
    before = [*sent]
    backups = LocalBackups(running.state)
    saved = backups.save(lambda _: None)
    stop.set()
    writer.join()
    # a wrong deployment and a deletion
    for message in sent[::2]:
        key = {
            "conversationId": {"S": conversation},
            "timestamp": {"N": str(message["timestamp"])},
        }
        running.dynamodb.delete_item(TableName=MESSAGES, Key=key)
    off = {"Enabled": False, "AttributeName": "ttl"}
    running.dynamodb.update_time_to_live(TableName=MESSAGES, TimeToLiveSpecification=off)
    drifts, unverified = verified(running)
    assert drifts == [f"{MESSAGES}.ttl"]
    assert unverified == {
        "alarms",
        "contributor insights",
        "encryption",
        "point-in-time recovery",
        "resource policy",
        "tags",
    }
    # back
    running.stop()
    kept = backups.restore(saved.name, replace=True)
    assert kept is not None and (kept / "engine.db").is_file()
    running.start()
    assert verified(running)[0] == []
    stored = api.all(f"/conversations/{conversation}/messages", limit=500)
    ids = [message["messageId"] for message in stored]
    assert {message["messageId"] for message in before} <= {*ids}
    assert {*ids} <= {message["messageId"] for message in sent}
    assert len({*ids}) == len(ids)
    assert api.all(f"/modules/{module}/messages", limit=500) == stored
    running.settle()
    assert_totals_match(running)
