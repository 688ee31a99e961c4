"""What was acknowledged outlives a killed engine and a restart of everything."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psutil
import pytest

from ops.local.process import is_taken
from tests.e2e.chat.api import Api, assert_problem, fresh_id, fresh_name
from tests.e2e.chat.recount import assert_totals_match, everything
from tests.e2e.chat.running import MESSAGES, Running

pytestmark = pytest.mark.xdist_group("chat")

WRITERS, KILLS, AT_LEAST = 8, 3, 150


def test_a_killed_engine_loses_no_acknowledged_message(api: Api, running: Running) -> None:
    # Given writers who go on until they are told to stop
    conversation, module = fresh_name(), fresh_id()
    engine = running.platform.engine
    assert engine is not None
    stop = threading.Event()
    answers: list[httpx.Response] = []

    def write(writer: int) -> None:
        while not stop.is_set():
            answers.append(api.send(conversation, moduleId=module, question=f"by {writer}"))

    # When the engine is killed again and again among their writes
    with ThreadPoolExecutor(WRITERS) as pool:
        writers = [pool.submit(write, writer) for writer in range(WRITERS)]
        try:
            for _ in range(KILLS):
                _wait_for(answers, len(answers) + AT_LEAST // KILLS)
                _kill(engine.child.pid)
            _wait_for(answers, len(answers) + AT_LEAST // KILLS)
        finally:
            stop.set()
        for writer in writers:
            writer.result()
    assert engine.child.restarts >= KILLS

    # Then each request succeeded or failed cleanly
    acknowledged = [answer.json() for answer in answers if answer.status_code == 201]
    for answer in answers:
        if answer.status_code != 201:
            assert answer.status_code >= 500, answer.text
            assert_problem(answer, answer.status_code)

    # And every acknowledged message is there, as it was acknowledged, and none is there twice
    stored = api.all(f"/conversations/{conversation}/messages", limit=500)
    by_id = {message["messageId"]: message for message in stored}
    assert len(by_id) == len(stored)
    assert [by_id.get(message["messageId"]) for message in acknowledged] == acknowledged
    assert len(acknowledged) >= AT_LEAST

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
    (status,) = running.platform.event_sources.status().values()
    assert 0 < status.delivered <= len(sent)
    assert len(running.stream_records(MESSAGES)) == consumed + len(sent)
    assert_totals_match(running)


def _wait_for(answers: list[httpx.Response], count: int) -> None:
    deadline = time.monotonic() + 60
    while len(answers) < count:
        assert time.monotonic() < deadline, f"only {len(answers)} answers came"
        time.sleep(0.01)


def _kill(pid: int | None) -> None:
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
