"""Test who may ask: tokens that are refused, whose a session is, and what no log may hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from interactions.system import ANALYTICS_SCOPE, USE_SCOPE
from tests.support.client import assert_problem
from tests.support.forgeries import FORGERIES, Forgery
from tests.support.platform import Running
from tests.systems.interactions.e2e.api import ALL_SCOPES, DATA, Api, fresh, without_windows

pytestmark = pytest.mark.xdist_group("interactions")


@pytest.mark.parametrize("forge", FORGERIES)
def test_a_token_that_is_not_ours_is_refused_and_nothing_is_stored(
    api: Api, running: Running, forge: Forgery, tmp_path: Path
) -> None:
    # Given a session, and what is stored
    session = api.open()
    before = running.by_key(DATA)

    # When somebody writes and reads with a forged or foreign token
    token = forge(running.platform.issuer, ALL_SCOPES, tmp_path)
    written = api.send(session, "warfarin", "ibuprofen", token)
    read = api.call("GET", "/me", token=token)

    # Then both are refused, and nothing has changed
    assert (written.status_code, read.status_code) == (401, 401)
    assert written.json() == {"message": "Unauthorized"}
    assert running.by_key(DATA) == before


def test_without_a_token_no_route_answers(running: Running) -> None:
    statuses = {
        route.key: httpx.request(
            method, f"{running.url}{path.format(sessionId='a')}", trust_env=False
        ).status_code
        for route in running.api.routes
        for method, path in [route.key.split(" ")]
    }
    assert len(statuses) == 11
    assert statuses == dict.fromkeys(statuses, 401)


def test_a_token_without_the_scope_is_refused_and_nothing_is_stored(
    api: Api, running: Running
) -> None:
    # Given a session, and tokens with one of the two scopes
    user = fresh()
    session = api.open(api.user(user))
    before = running.by_key(DATA)
    analyst, own = api.token(user, (ANALYTICS_SCOPE,)), api.token(user, (USE_SCOPE,))

    # When each is used for what the other is for
    statuses = {
        route.key: api.call(
            method,
            path.format(sessionId=session),
            token=own if ANALYTICS_SCOPE in route.scopes else analyst,
        ).status_code
        for route in running.api.routes
        for method, path in [route.key.split(" ")]
    }

    # Then all are refused, and nothing has changed
    assert len(statuses) == 11
    assert statuses == dict.fromkeys(statuses, 403)
    assert running.by_key(DATA) == before


@pytest.mark.requirement("M-63", "M-09")
def test_another_s_session_is_as_if_it_were_not_there(api: Api, running: Running) -> None:
    # Given a user with a session that holds a check, and another user with one
    owner, stranger = fresh(), fresh()
    own, other = api.user(owner), api.user(stranger)
    session, theirs = api.open(own), api.open(other)
    made = api.check(session, token=own)
    before = without_windows(running)

    # When the other asks for it in every way there is
    absent = fresh()
    asked = {name: _every_way(api, name, other) for name in (session, absent)}

    # Then it is the answer of a session that nobody has, word for word
    for found, missing in zip(asked[session], asked[absent], strict=True):
        assert_problem(found, 404)
        assert _said(found) == _said(missing)
        assert session not in found.text
    assert [s["sessionId"] for s in api.get("/sessions", other)["sessions"]] == [theirs]
    me = api.get("/me", other)
    assert (me["userId"], [s["sessionId"] for s in me["sessions"]]) == (stranger, [theirs])

    # And nothing has changed but what the limit counts; the owner sees all of it
    assert without_windows(running) == before
    assert api.history(session, own) == [made]
    assert api.get(f"/sessions/{session}", own)["queryCount"] == 1
    assert api.history(theirs, other) == []

    # And support is told whose it is
    assert api.get(f"/analytics/sessions/{session}")["userId"] == owner


def _every_way(api: Api, session: str, token: str) -> list[httpx.Response]:
    return [
        api.send(session, "warfarin", "ibuprofen", token),
        api.call("GET", f"/sessions/{session}", token=token),
        api.call("GET", f"/sessions/{session}/history", token=token),
        api.call("DELETE", f"/sessions/{session}/history", token=token),
    ]


def _said(answer: httpx.Response) -> dict[str, Any]:
    """Return a problem document without the request that it is about."""
    return {name: said for name, said in answer.json().items() if name != "instance"}


@pytest.mark.requirement("X-18", "M-25", "M-29")
def test_neither_medicines_nor_sessions_nor_addresses_reach_the_logs(
    api: Api, running: Running
) -> None:
    # Given a user, names and an address that no log line of a function may hold
    user, first, second, words = (fresh() for _ in range(4))
    address = "127.0.0.77"

    # When they are used, found, refused and deleted
    with Api(running, address) as client:
        token = client.user(user)
        session = client.open(token)
        client.check(session, first, second, token)
        client.send(session, first, first, token)
        client.send(session, f"{first}\x00", second, token)
        client.call("GET", f"/sessions/{session}/history", token=client.user())
        client.history(session, token)
        client.call("DELETE", f"/sessions/{session}/history", token=token)
        client.get(f"/analytics/sessions/{session}")
        client.get("/me", token)
        client.get("/faq", token, q=words)

    # Then the functions' logs know routes and numbers only
    functions = running.functions
    lines = [line.text for line in running.platform.logs.lines if line.source in functions]
    metrics = [json.dumps(metric.document) for metric in running.platform.logs.metrics]
    assert any("POST /interactions" in line for line in lines)
    secrets = (user, first, second, words, session, token, address)
    assert [text for text in lines + metrics if any(s in text for s in secrets)] == []

    # And the files of all processes, that of the API's addresses among them, no health data
    files = [file for file in running.state.rglob("*") if file.suffix in (".log", ".jsonl")]
    assert {"engine.log", "interactions-local.access.log"} <= {file.name for file in files}
    for file in files:
        text = file.read_text()
        assert [s for s in (user, first, second, words, token) if s in text] == [], file.name

    # And what was searched for is stored as a digest, under no address
    assert not [item for item in running.items(DATA) if words in str(item) or address in str(item)]
