"""Whatever a client sends that is wrong: a problem document, nothing stored, nothing counted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.client import assert_problem
from tests.support.platform import Running
from tests.systems.interactions.e2e.api import DATA, SIZES, Api

pytestmark = pytest.mark.xdist_group("interactions")

JSON = {"Content-Type": "application/json"}
SESSION = "0f8fad5bd9cb469fa16570867728950e"


@pytest.fixture(autouse=True)
def unchanged(api: Api, running: Running) -> Iterator[None]:
    """Nothing is stored, deleted or counted against the client's limit by the test."""
    before = running.by_key(DATA), running.by_key(SIZES), api.get("/rate-limit")["count"]
    yield
    after = running.by_key(DATA), running.by_key(SIZES), api.get("/rate-limit")["count"]
    assert after == before


def _with(**fields: Any) -> bytes:
    body = {"medA": "warfarin", "medB": "ibuprofen", "sessionId": SESSION}
    return json.dumps(body | fields).encode()


def _without(name: str) -> bytes:
    return json.dumps({k: v for k, v in json.loads(_with()).items() if k != name}).encode()


BODIES: dict[str, tuple[bytes, int, str]] = {
    "none": (b"", 400, "body"),
    "no JSON": (b"{medA", 400, "body"),
    "cut off": (_with()[:-2], 400, "body"),
    "two documents": (_with() + _with(), 400, "body"),
    "no UTF-8": (b'{"medA": "\xff"}', 400, "body"),
    "half a surrogate pair": (_with(medA="\ud800"), 400, "body"),
    "an array": (b"[]", 400, "body"),
    "a number": (_with(medA=1), 400, "body.medA"),
    "null": (_with(medA=None), 400, "body.medA"),
    "nested": (_with(medA={"name": "warfarin"}), 400, "body.medA"),
    "nested deeply": (b'{"medA": ' + b"[" * 3_000, 400, "body.medA"),
    "nothing": (_with(medA=""), 400, "body.medA"),
    "blanks alone": (_with(medB="  \t"), 400, "body.medB"),
    "101 characters": (_with(medA="x" * 101), 400, "body.medA"),
    "101 characters of 4 bytes": (_with(medB="💊" * 101), 400, "body.medB"),
    "the same twice": (_with(medB="warfarin"), 400, "body.medB"),
    "the same in capitals": (_with(medB="WARFARIN"), 400, "body.medB"),
    "the same with spaces": (_with(medB="  Warfarin "), 400, "body.medB"),
    "the same with spaces within": (_with(medA="st  johns wort", medB="St Johns Wort"), 400, ""),
    "a control character": (_with(medA="war\x00farin"), 400, "body.medA"),
    "a line's end": (_with(medA="warfarin\nX"), 400, "body.medA"),
    "an escape": (_with(medB="\x1b[31mibuprofen"), 400, "body.medB"),
    "written backwards": (_with(medB="\u202eibuprofen"), 400, "body.medB"),
    "a field that is missing": (_without("medB"), 400, "body.medB"),
    "no session": (_without("sessionId"), 400, "body.sessionId"),
    "a session that is not a name": (_with(sessionId="USER#a"), 400, "body.sessionId"),
    "an unknown field": (_with(ip="10.0.0.1"), 400, "body.ip"),
    "an injected verdict": (_with(isPotentiallyRisky=False), 400, "body.isPotentiallyRisky"),
    "an injected expiry": (_with(TTL=1), 400, "body.TTL"),
    "5 KB": (_with(medA="x" * 5_000), 413, "body"),
    "1 MB": (_with(medA="x" * 1_000_000), 413, "body"),
    "1 MB of UTF-8": (_with(medB="ü" * 500_000), 413, "body"),
    "1 MB of nothing": (b" " * 1_000_000, 413, "body"),
}


def test_a_wrong_body_is_refused(api: Api) -> None:
    for name, (content, status, path) in BODIES.items():
        # When it is sent
        answer = api.call("POST", "/interactions", content=content, headers=JSON)

        # Then the answer says what is wrong, and where
        assert answer.status_code == status, f"{name}: {answer.text}"
        assert_problem(answer, status, path or "body.medB")


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
    assert_problem(api.call("POST", "/interactions", content=_with(), headers=headers), 415)


def test_wrong_parameters_are_refused(api: Api) -> None:
    requests = {
        "/sessions/USER%23a/history": "path.sessionId",
        f"/sessions/{'s' * 65}": "path.sessionId",
        "/analytics/sessions/a%00b": "path.sessionId",
        f"/sessions/{SESSION}/history?limit=0": "query.limit",
        f"/sessions/{SESSION}/history?limit=101": "query.limit",
        f"/sessions/{SESSION}/history?limit=ten": "query.limit",
        f"/sessions/{SESSION}/history?limit=1&limit=2": "query.limit",
        f"/sessions/{SESSION}/history?cursor=x": "query.cursor",
        "/faq": "query.q",
        "/faq?q=": "query.q",
        "/faq?q=%20%20": "query.q",
        f"/faq?q={'x' * 201}": "query.q",
        "/faq?q=a%00b": "query.q",
        "/faq?q=dose&limit=51": "query.limit",
        "/faq/searches": "query.day",
        "/faq/searches?day=today": "query.day",
        "/faq/searches?day=2026-02-30": "query.day",
        "/faq/searches?day=2026-01-31&limit=1001": "query.limit",
    }
    for path, where in requests.items():
        answer = api.call("GET", path)
        assert answer.status_code == 400, f"{path}: {answer.text}"
        assert_problem(answer, 400, where)


def test_unknown_routes_and_methods_are_the_gateway_s_to_refuse(api: Api) -> None:
    for method, path in (
        *(("GET", "/interactions"), ("PUT", "/interactions"), ("POST", "/faq")),
        *(("DELETE", f"/sessions/{SESSION}"), ("POST", f"/sessions/{SESSION}/history")),
        *(("GET", "/"), ("PUT", "/rate-limit"), ("DELETE", "/rate-limit")),
    ):
        answer = api.call(method, path, json={})
        assert answer.status_code == 404, f"{method} {path}"
        assert answer.json() == {"message": "Not Found"}
