"""Whatever a client sends that is wrong: a problem document, and nothing has changed."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.client import assert_problem
from tests.support.platform import Running
from tests.systems.chat.e2e.api import Api, body, fresh_id, fresh_name
from tests.systems.chat.e2e.recount import everything

pytestmark = pytest.mark.xdist_group("chat")

JSON = {"Content-Type": "application/json"}
WRITE = "/conversations/refused/messages"
BATCH = "/messages/batch-get"


@pytest.fixture
def unchanged(running: Running) -> Iterator[None]:
    """Nothing is stored, counted or deleted by the test."""
    before = everything(running)
    yield
    assert everything(running) == before


def _without(name: str) -> bytes:
    return json.dumps({key: value for key, value in body().items() if key != name}).encode()


def _with(**fields: Any) -> bytes:
    return json.dumps(body(**fields)).encode()


BODIES: dict[str, tuple[bytes, int, str | None]] = {
    "none": (b"", 400, "body"),
    "no JSON": (b"{question", 400, "body"),
    "cut off": (_with()[:-2], 400, "body"),
    "two documents": (_with() + _with(), 400, "body"),
    "no UTF-8": (b'{"question": "\xff"}', 400, "body"),
    "an array": (b"[]", 400, "body"),
    "null": (b"null", 400, "body"),
    "NaN": (_with().replace(b"830", b"NaN"), 400, "body"),
    "Infinity": (_with().replace(b"830", b"Infinity"), 400, "body"),
    "beyond a double": (_with().replace(b"830", b"1e999"), 400, "body.responseTime"),
    "a number as text": (_with(tokenCount="42"), 400, "body.tokenCount"),
    "a fraction": (_with(tokenCount=4.2), 400, "body.tokenCount"),
    "a truth as number": (_with(tokenCount=True), 400, "body.tokenCount"),
    "negative": (_with(responseTime=-1), 400, "body.responseTime"),
    "no module 0": (_with(moduleId=0), 400, "body.moduleId"),
    "too large for a number": (_with(moduleId=10**40), 400, "body.moduleId"),
    "an empty text": (_with(question=""), 400, "body.question"),
    "an object as text": (_with(response={"text": "x"}), 400, "body.response"),
    "null as text": (_with(response=None), 400, "body.response"),
    "unknown field": (_with(timestamp=1), 400, "body.timestamp"),
    "injected expiry": (_with(ttl=1), 400, "body.ttl"),
    "a provider without price": (_with(provider="nobody"), 400, "body.provider"),
    "a model that no daily total can have": (_with(modelUsed="a\U0010ffff"), 400, "body.modelUsed"),
    "a field is missing": (_without("question"), 400, "body.question"),
    "500 KB": (_with(response="x" * 500_000), 413, "body"),
    "500 KB of UTF-8": (_with(response="ü" * 250_000), 413, "body"),
    "nested deeply": (b"[" * 100_000, 400, "body"),
    "nested deeply and closed": (b"[" * 50_000 + b"]" * 50_000, 400, "body"),
    "nested deeply as text": (b'{"question": ' + b"[" * 100_000, 400, "body.question"),
    "nested deeply in what is unknown": (b'{"x": ' + b"[" * 100_000, 400, None),
}


@pytest.mark.usefixtures("unchanged")
def test_a_wrong_body_is_refused(api: Api) -> None:
    for name, (content, status, path) in BODIES.items():
        # When it is sent
        answer = api.call("POST", WRITE, content=content, headers=JSON)

        # Then the answer says what is wrong, and where
        assert answer.status_code == status, f"{name}: {answer.text}"
        assert_problem(answer, status, path)


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_what_does_not_claim_to_be_json_is_refused(api: Api, headers: dict[str, str]) -> None:
    # When a good body comes under another name
    answer = api.call("POST", WRITE, content=_with(), headers=headers)

    # Then it is refused for that
    assert_problem(answer, 415)


@pytest.mark.usefixtures("unchanged")
def test_wrong_parameters_are_refused(api: Api) -> None:
    # Given requests whose path or query is wrong
    requests = {
        "/modules/one/messages": "path.moduleId",
        "/modules/1.5/messages": "path.moduleId",
        "/conversations/c/messages/nan": "path.timestamp",
        "/conversations/c/messages/Infinity": "path.timestamp",
        "/modules/1/messages?limit=0": "query.limit",
        "/modules/1/messages?limit=501": "query.limit",
        "/modules/1/messages?limit=ten": "query.limit",
        "/modules/1/messages?limit=1&limit=2": "query.limit",
        "/modules/1/messages?page=2": "query.page",
        "/conversations/c/messages?cursor=": "query.cursor",
        "/modules/1/messages?from=yesterday": "query.from",
        "/modules/1/messages?from=nan": "query.from",
        "/modules/1/messages?from=2026-01-02&to=2026-01-01": "query.to",
        "/providers/openai/messages": "query.from",
        "/providers/openai/messages?limit=5": "query.from",
        "/modules/1/reports?by=year": "query.by",
        "/modules/1/analytics?from=2020-01-01&to=2026-01-01": "query.from",
        "/inactive-students": "query.since",
    }
    for path, where in requests.items():
        # When they are sent, then each is told what is wrong
        assert_problem(api.call("GET", path), 400, where)

    for keys in ([], [{"conversationId": "c"}], [{"conversationId": "c", "timestamp": "1"}]):
        assert_problem(api.call("POST", BATCH, json={"keys": keys}), 400)
    many = [{"conversationId": "c", "timestamp": n} for n in range(101)]
    assert_problem(api.call("POST", BATCH, json={"keys": many}), 400, "body.keys")
    long = api.call("POST", f"/conversations/{'c' * 257}/messages", json=body())
    assert_problem(long, 400, "path.conversationId")


@pytest.mark.usefixtures("unchanged")
def test_what_is_not_there_is_told_so(api: Api) -> None:
    # When something is asked for that does not exist
    missing = [
        api.call("GET", f"/conversations/{fresh_name()}/messages"),
        api.call("GET", f"/conversations/{fresh_name()}/messages/1.0"),
        api.call("GET", "/providers/nobody/analytics"),
    ]

    # Then a problem document says so, and an unknown route or method is the gateway's 404
    for answer in missing:
        assert_problem(answer, 404)
    for method, path in (("GET", "/nothing"), ("DELETE", "/modules/1/messages"), ("PUT", WRITE)):
        assert api.call(method, path).status_code == 404


def test_a_cursor_is_good_for_its_own_question_only(api: Api, running: Running) -> None:
    # Given the cursor of a page
    module, student, conversation = fresh_id(), fresh_id(), fresh_name()
    sent = [api.post(conversation, moduleId=module, studentId=student) for _ in range(4)]
    path = f"/modules/{module}/messages"
    params: dict[str, Any] = {"limit": 2, "from": 0}
    first = api.get(path, **params)
    cursor = first["cursor"]
    before = everything(running)

    # When it is given back with the same question, then the next page follows
    rest = api.get(path, **params, cursor=cursor)
    assert first["messages"] + rest["messages"] == sent[::-1]

    # When it is altered, then it is refused
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    altered = [
        *(cursor[:at] + _other(cursor[at]) + cursor[at + 1 :] for at in range(0, len(cursor), 7)),
        *(cursor[:1], cursor[: len(cursor) // 2], cursor[:-1], cursor + "A", cursor + "="),
        *("x", "null", "[]", "../../etc/passwd", "%00", "é", "A" * 4000),
        base64.urlsafe_b64encode(bytes(32) + raw[32:]).decode().rstrip("="),
        base64.urlsafe_b64encode(raw[32:]).decode().rstrip("="),
    ]
    for forged in altered:
        answer = api.call("GET", path, params={**params, "cursor": forged})
        assert answer.status_code == 400, f"{forged}: {answer.text}"
        assert_problem(answer, 400, "query.cursor")

    # When it comes from another caller, for another list, or with another range: refused too
    of_others: list[tuple[str, str | None, dict[str, Any]]] = [
        (path, api.token("another"), params),
        (path, None, {"limit": 2, "from": 1}),
        (path, None, {"limit": 2, "from": 0, "to": 9e13}),
        (f"/modules/{fresh_id()}/messages", None, params),
        (f"/students/{student}/messages", None, params),
        (f"/conversations/{conversation}/messages", None, params),
        ("/providers/openai/messages", None, params),
        ("/inactive-students", None, {"since": 9e13}),
    ]
    for other, token, asked in of_others:
        answer = api.call("GET", other, token=token, params={**asked, "cursor": cursor})
        assert answer.status_code == 400, f"{other}: {answer.text}"
        assert_problem(answer, 400)

    # And nothing has changed
    assert everything(running) == before


def _other(letter: str) -> str:
    return "A" if letter != "A" else "B"
