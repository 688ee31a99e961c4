"""Payload format 2.0: the event of a request, the response of a result."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from keyline_local.api.authorizer import Grant, render_claim
from keyline_local.api.http_event import (
    HttpRequest,
    HttpResponse,
    MalformedResponseError,
    to_event,
    to_response,
)


def event_of(
    *,
    headers: list[tuple[str, str]] | None = None,
    body: bytes = b"",
    query: str = "",
    parameters: dict[str, str] | None = None,
    grant: Grant | None = None,
) -> dict[str, Any]:
    request = HttpRequest(
        method="POST",
        path="/a b",
        query=query,
        headers=[("host", "abc.example:8080"), *(headers or [])],
        source_ip="127.0.0.1",
        protocol="HTTP/1.1",
        received=datetime(2026, 3, 12, 19, 3, 58, 390_000, tzinfo=UTC),
    )
    event: dict[str, Any] = json.loads(
        to_event(
            request,
            body,
            request_id="JKJaXmPLvHcESHA=",
            route_key="POST /{x}",
            stage="$default",
            api_id="abc",
            account="123456789012",
            trace_id="Root=1-2-3",
            parameters=parameters or {},
            grant=grant,
        )
    )
    return event


def test_event_without_anything_optional_leaves_the_members_out() -> None:
    event = event_of()
    assert event["version"] == "2.0"
    assert event["rawPath"] == "/a b"
    assert event["rawQueryString"] == ""
    assert event["isBase64Encoded"] is False
    absent = {"cookies", "queryStringParameters", "pathParameters", "body"}
    assert not absent & event.keys()
    assert "authorizer" not in event["requestContext"]


def test_request_context_has_aws_forms() -> None:
    context = event_of(headers=[("user-agent", "curl/8")])["requestContext"]
    assert context == {
        "accountId": "123456789012",
        "apiId": "abc",
        "domainName": "abc.example",
        "domainPrefix": "abc",
        "http": {
            "method": "POST",
            "path": "/a b",
            "protocol": "HTTP/1.1",
            "sourceIp": "127.0.0.1",
            "userAgent": "curl/8",
        },
        "requestId": "JKJaXmPLvHcESHA=",
        "routeKey": "POST /{x}",
        "stage": "$default",
        "time": "12/Mar/2026:19:03:58 +0000",
        "timeEpoch": 1773342238390,
    }


def test_repeated_headers_and_parameters_are_joined_and_cookies_kept_apart() -> None:
    event = event_of(
        headers=[("x-a", "1"), ("x-a", "2"), ("cookie", "a=1; b=x,y"), ("cookie", "c=3")],
        query="p=1&q=%20z&p=2&empty=",
        parameters={"x": "v"},
    )
    assert event["headers"]["x-a"] == "1,2"
    assert "cookie" not in event["headers"]
    assert event["cookies"] == ["a=1", "b=x,y", "c=3"]
    assert event["queryStringParameters"] == {"p": "1,2", "q": " z", "empty": ""}
    assert event["rawQueryString"] == "p=1&q=%20z&p=2&empty="
    assert event["pathParameters"] == {"x": "v"}


@pytest.mark.parametrize(
    ("content_type", "encoded"),
    [
        ("application/json", False),
        ("application/json; charset=utf-8", False),
        ("application/problem+json", False),
        ("application/xml", False),
        ("application/javascript", False),
        ("text/csv", False),
        ("application/x-www-form-urlencoded", True),
        ("application/octet-stream", True),
        ("image/png", True),
        ("application/jsonish", True),
    ],
)
def test_only_text_bodies_travel_unencoded(content_type: str, encoded: bool) -> None:
    event = event_of(headers=[("content-type", content_type)], body=b'{"a":"\xc3\xa9"}')
    assert event["isBase64Encoded"] is encoded
    sent = base64.b64decode(event["body"]) if encoded else event["body"].encode()
    assert sent == b'{"a":"\xc3\xa9"}'


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ([("content-type", "application/json"), ("content-encoding", "gzip")], b"{}"),
        ([("content-type", "text/plain")], b"\xff\xfe"),
    ],
    ids=["compressed", "no UTF-8"],
)
def test_text_that_cannot_be_a_string_is_encoded(
    headers: list[tuple[str, str]], body: bytes
) -> None:
    event = event_of(headers=headers, body=body)
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == body


def test_claims_reach_the_event_as_strings() -> None:
    claims = {"sub": "s", "exp": 1773342238, "roles": ["a", "b"], "admin": True}
    context = event_of(grant=Grant(claims, ["read"]))["requestContext"]
    assert context["authorizer"]["jwt"] == {
        "claims": {"sub": "s", "exp": "1773342238", "roles": "[a b]", "admin": "true"},
        "scopes": ["read"],
    }
    assert event_of(grant=Grant({}, []))["requestContext"]["authorizer"]["jwt"]["scopes"] is None


@pytest.mark.parametrize(
    ("value", "rendered"),
    [
        ("x", "x"),
        (["a", 1], "[a 1]"),
        ([], "[]"),
        (False, "false"),
        (1.5, "1.5"),
        ({"b": 1, "a": ["x"]}, "map[a:[x] b:1]"),
    ],
)
def test_claim_forms(value: object, rendered: str) -> None:
    assert render_claim(value) == rendered


def response_of(result: object) -> HttpResponse:
    return to_response(json.dumps(result).encode())


def test_full_response() -> None:
    response = response_of(
        {
            "statusCode": 201,
            "headers": {"X-A": "1", "Content-Type": "text/html", "X-Flag": True, "X-N": 3},
            "cookies": ["a=1; HttpOnly", "b=2"],
            "body": base64.b64encode(b"\x00\xff").decode(),
            "isBase64Encoded": True,
        }
    )
    assert response.status == 201
    assert response.body == b"\x00\xff"
    assert response.headers == [
        ("x-a", "1"),
        ("content-type", "text/html"),
        ("x-flag", "true"),
        ("x-n", "3"),
        ("set-cookie", "a=1; HttpOnly"),
        ("set-cookie", "b=2"),
    ]


@pytest.mark.parametrize(
    ("result", "body"),
    [
        ({"a": 1}, b'{"a": 1}'),
        ("hello", b"hello"),
        ([1, 2], b"[1, 2]"),
        (None, b"null"),
    ],
)
def test_result_without_status_is_the_body_of_a_200(result: object, body: bytes) -> None:
    response = response_of(result)
    assert (response.status, response.body) == (200, body)
    assert response.headers == [("content-type", "application/json")]


def test_response_with_status_only_gets_the_default_type_and_no_body() -> None:
    response = response_of({"statusCode": "204"})
    assert (response.status, response.body) == (204, b"")
    assert response.headers == [("content-type", "text/plain;charset=utf-8")]


def test_framing_headers_of_the_function_are_dropped() -> None:
    headers = {"Content-Length": "5", "Transfer-Encoding": "chunked", "Connection": "close"}
    response = response_of({"statusCode": 200, "headers": headers, "body": "x"})
    assert [name for name, _ in response.headers] == ["content-type"]


@pytest.mark.parametrize(
    "result",
    [
        {"statusCode": "abc"},
        {"statusCode": 99},
        {"statusCode": True},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "headers": ["x"]},
        {"statusCode": 200, "headers": {"x": ["1"]}},
        {"statusCode": 200, "headers": {"x": "a\r\nset-cookie: b"}},
        {"statusCode": 200, "headers": {"x: 1\r\ny": "a"}},
        {"statusCode": 200, "headers": {"": "a"}},
        {"statusCode": 200, "cookies": "a=1"},
        {"statusCode": 101},
        {"statusCode": 200, "cookies": [{"a": 1}]},
        {"statusCode": 200, "body": "no base64!", "isBase64Encoded": True},
    ],
)
def test_malformed_results_are_refused(result: object) -> None:
    with pytest.raises(MalformedResponseError):
        response_of(result)


def test_result_that_is_no_json_is_refused() -> None:
    with pytest.raises(MalformedResponseError, match="not JSON"):
        to_response(b"{")
