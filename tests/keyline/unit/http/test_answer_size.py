"""An answer that Lambda would not let out becomes a problem document."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
import pytest

from keyline.http import Response
from keyline.payload import MAX_BODY, MAX_PAYLOAD
from tests.keyline.unit.http.test_app import Client
from tests.support.events import event

LARGE = '"' * (MAX_BODY // 4)
"""A text that takes four bytes a character within an answer, so that its quotes are too many."""
FITS = LARGE[2:]


class Limit(msgspec.Struct, kw_only=True):
    limit: Annotated[int, msgspec.Meta(ge=1)] = 10


def listed(query: Limit) -> list[str]:
    return [LARGE]


def shown() -> str:
    return LARGE


def stored(body: Any) -> Response[str]:
    return Response(LARGE, {"Location": "/notes/1"})


def stored_by_query(query: Limit) -> str:
    return LARGE


def told(client: Client, route: str, **request: Any) -> dict[str, Any]:
    answer = client.answer(event(route, **request))
    assert len(json.dumps(answer)) < 2_000
    assert answer["headers"] == {"Content-Type": "application/problem+json"}
    problem: dict[str, Any] = json.loads(answer["body"])
    assert problem["status"] == answer["statusCode"]
    assert problem["type"] == "urn:problem-type:answer-too-large"
    assert str(MAX_BODY) in problem["detail"]
    return problem


def test_a_request_that_can_ask_for_less_is_told_so() -> None:
    client = Client("GET /notes", listed)
    problem = told(client, "GET /notes", query="limit=500")
    assert (problem["status"], problem["path"]) == (422, "query")
    assert "`limit`" in problem["suggestion"]


@pytest.mark.parametrize(
    ("route", "handler", "request_", "suggestion"),
    [
        ("GET /notes", shown, {}, "Report it"),
        ("POST /notes", stored, {"body": {}}, "Do not send it again"),
        ("DELETE /notes", stored_by_query, {}, "Do not send it again"),
    ],
)
def test_a_request_that_cannot_is_not_blamed(
    route: str, handler: Callable[..., Any], request_: dict[str, Any], suggestion: str
) -> None:
    problem = told(Client(route, handler), route, **request_)
    assert problem["status"] == 500
    assert suggestion in problem["suggestion"]


@pytest.mark.parametrize(("handler", "level"), [(listed, "INFO"), (shown, "ERROR")])
def test_the_log_line_tells_the_route_and_the_size(handler: Callable[..., Any], level: str) -> None:
    client = Client("GET /notes", handler)
    client.answer(event("GET /notes"))
    (line,) = client.lines()
    assert (line["level"], line["route"]) == (level, "GET /notes")
    assert line["answer_bytes"] > MAX_BODY


def test_the_largest_answer_that_fits_is_sent_whole() -> None:
    answer = Client("GET /notes", lambda: FITS).answer(event("GET /notes"))
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"]) == FITS
    sent = json.dumps({**answer, "headers": {"x": "y" * 10_240}}, ensure_ascii=False)
    assert MAX_BODY < len(sent.encode()) <= MAX_PAYLOAD


def test_the_process_goes_on_after_it() -> None:
    answers = iter([LARGE, "small"])
    client = Client("GET /notes", lambda: next(answers))
    assert [client()[0], client()] == [500, (200, "small")]
