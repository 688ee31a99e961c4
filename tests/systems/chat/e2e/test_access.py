"""Test who may do what: tokens that are refused, and what a student's token shows."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from chat.system import ANALYTICS_SCOPE, READ_SCOPE, WRITE_SCOPE
from tests.support.client import assert_problem
from tests.support.forgeries import FORGERIES, Forgery
from tests.support.platform import Running
from tests.systems.chat.e2e.api import ALL_SCOPES, Api, body, fresh_id, fresh_name
from tests.systems.chat.e2e.recount import everything

pytestmark = pytest.mark.xdist_group("chat")


@pytest.mark.parametrize("forge", FORGERIES)
def test_a_token_that_is_not_ours_is_refused_and_nothing_is_stored(
    api: Api, running: Running, forge: Forgery, tmp_path: Path
) -> None:
    # Given what is stored
    before = everything(running)

    # When somebody writes and reads with a forged or foreign token
    token = forge(running.platform.issuer, ALL_SCOPES, tmp_path)
    written = api.send(fresh_name(), token)
    read = api.call("GET", "/modules/1/messages", token=token)

    # Then both are refused, and nothing has changed
    assert (written.status_code, read.status_code) == (401, 401)
    assert written.json() == {"message": "Unauthorized"}
    assert everything(running) == before


def test_without_a_token_no_route_answers(api: Api, running: Running) -> None:
    # Given all routes
    routes = running.api.routes

    # When each is asked without a token
    statuses = {
        route.key: httpx.request(
            method, f"{running.url}{path.replace('{', '').replace('}', '')}", trust_env=False
        ).status_code
        for route in routes
        for method, path in [route.key.split(" ")]
    }

    # Then each refuses
    assert len(statuses) == 16
    assert statuses == dict.fromkeys(statuses, 401)


def test_a_token_without_the_scope_is_refused_and_nothing_is_stored(
    api: Api, running: Running
) -> None:
    # Given tokens with every scope but the one that is needed
    stored = api.post(fresh_name())
    before = everything(running)
    reader = api.token("reader", (READ_SCOPE, ANALYTICS_SCOPE))
    writer = api.token("writer", (WRITE_SCOPE,))
    pages = api.token("pages", (READ_SCOPE, WRITE_SCOPE))

    # When they are used for more than they are for
    answers = [
        api.send(fresh_name(), reader),
        api.call("GET", f"/conversations/{stored['conversationId']}/messages", token=writer),
        api.call("GET", "/modules/1/analytics", token=pages),
    ]

    # Then each is refused, and nothing has changed
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert "insufficient_scope" in answers[0].headers["www-authenticate"]
    assert everything(running) == before


def test_a_student_sees_his_own_messages_only(api: Api, running: Running) -> None:
    # Given a student's conversation, and another student
    owner, other, module = fresh_id(), fresh_id(), fresh_id()
    own, conversation = api.student(owner), fresh_name()
    stored = api.post(conversation, own, moduleId=module)
    assert stored["studentId"] == owner
    where = f"/conversations/{conversation}/messages"
    before = everything(running)

    # When both read, the owner sees it
    keys = {"keys": [{"conversationId": conversation, "timestamp": stored["timestamp"]}]}
    assert api.get(where, own)["messages"] == [stored]
    assert api.get(f"{where}/{stored['timestamp']}", own) == stored
    assert api.get(f"/students/{owner}/messages", own)["messages"] == [stored]
    assert api.get(f"/students/{owner}/recent", own)["messages"] == [stored]
    assert api.get(f"/students/{owner}/analytics", own)["messages"] == 1

    # Then for the other it is as if it were not there
    stranger = api.student(other)
    for path in (
        *(where, f"{where}/{stored['timestamp']}", f"/students/{owner}/messages"),
        *(f"/students/{owner}/recent", f"/students/{owner}/analytics"),
        f"/students/{owner}/reports",
    ):
        assert_problem(api.call("GET", path, token=stranger), 404)
    batch = api.call("POST", "/messages/batch-get", token=stranger, json=keys)
    assert batch.json()["messages"] == []

    # And neither writes into another's conversation nor in another's name, nor sees staff's pages
    assert_problem(api.send(conversation, stranger), 404)
    assert_problem(api.send(fresh_name(), stranger, studentId=owner), 403)
    for path in (f"/modules/{module}/messages", "/providers/openai/messages?from=2026-01-01"):
        assert_problem(api.call("GET", path, token=own), 403)
    for path in (f"/modules/{module}/analytics", "/inactive-students?since=2026-01-01"):
        assert_problem(api.call("GET", path, token=own), 403)
    assert_problem(api.send(fresh_name(), api.token("odd", claims={"student_id": "1 OR 1"})), 403)
    assert everything(running) == before


@pytest.mark.requirement("X-18")
def test_neither_tokens_nor_texts_nor_students_reach_the_logs(api: Api, running: Running) -> None:
    # Given a message, a student and a token that no log line may hold
    marker, student = fresh_name(), 10**12 + fresh_id()

    # When it is stored, refused, shown and counted
    token = api.token(f"subject-{marker}")
    api.post(marker, token, question=f"q {marker}", response=f"r {marker}")
    api.call("POST", f"/conversations/{marker}/messages", token=token, json=body(tokenCount=marker))
    api.get(f"/conversations/{marker}/messages", token)
    own = api.student(student)
    api.post(f"own-{marker}", own, question=marker)
    api.get(f"/students/{student}/messages", own)
    api.get(f"/students/{student}/analytics", own)
    assert_problem(api.call("GET", f"/students/{student + 1}/messages", token=own), 404)
    running.settle()

    # Then the logs know routes and numbers only
    lines = [line.text for line in running.platform.logs.lines]
    metrics = [json.dumps(metric.document) for metric in running.platform.logs.metrics]
    assert any("POST /conversations/{conversationId}/messages" in line for line in lines)
    secrets = (marker, str(student), token, own)
    assert [text for text in lines + metrics if any(s in text for s in secrets)] == []

    # And so do the files that the platform's processes write
    files = [file for file in running.state.rglob("*") if file.suffix in (".log", ".jsonl")]
    assert {"engine.log", "chat-local.access.log"} <= {file.name for file in files}
    for file in files:
        text = file.read_text()
        assert [s for s in secrets if s in text] == [], file.name
