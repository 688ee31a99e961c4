from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from keyline_local.api.authorizer import Grant
from keyline_local.api.http_event import HttpRequest, MalformedResponseError
from keyline_local.api.rest_event import to_event, to_response
from keyline_local.resources import Api, Route

ROUTE = Route(key="POST /orders/{id}", function="f")


def api(**more: Any) -> Api:
    return Api(
        logical_id="A", api_id="abc", name="a", stage="prod", routes=[ROUTE], is_rest=True, **more
    )


def request(**more: Any) -> HttpRequest:
    given: dict[str, Any] = {
        "method": "POST",
        "path": "/prod/orders/1",
        "query": "a=1&a=2&b=",
        "headers": [("host", "localhost:3000"), ("x-one", "1"), ("x-one", "2")],
        "source_ip": "127.0.0.1",
        "protocol": "HTTP/1.1",
        "received": datetime(2026, 1, 31, 10, tzinfo=UTC),
        **more,
    }
    return HttpRequest(**given)


def event(
    body: bytes = b"hello",
    of: Api | None = None,
    grant: Grant | None = None,
    route: Route = ROUTE,
    **more: Any,
) -> dict[str, Any]:
    made = to_event(
        request(**more),
        body,
        api=of or api(),
        route=route,
        request_id="r",
        account="000000000000",
        trace_id="Root=1",
        parameters={"id": "1"},
        grant=grant,
    )
    found: dict[str, Any] = json.loads(made)
    return found


def test_the_event_has_the_form_of_a_proxy_integration() -> None:
    found = event()
    assert (found["resource"], found["path"]) == ("/orders/{id}", "/orders/1")
    assert found["requestContext"]["path"] == "/prod/orders/1"
    assert found["requestContext"]["stage"] == "prod"
    assert found["queryStringParameters"] == {"a": "2", "b": ""}
    assert found["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": [""]}
    assert found["headers"]["X-One"] == "2"
    assert found["multiValueHeaders"]["X-One"] == ["1", "2"]
    assert found["pathParameters"] == {"id": "1"}
    assert (found["body"], found["isBase64Encoded"]) == ("hello", False)


def test_payload_1_of_an_http_api_has_its_version_and_its_bodies() -> None:
    http = replace(api(), is_rest=False, stage="$default")
    found = event(of=http, path="/orders/1", headers=[("content-type", "application/json")])
    assert (found["version"], found["resource"]) == ("1.0", "/orders/{id}")
    assert (found["path"], found["isBase64Encoded"]) == ("/orders/1", False)
    assert event(b"\xff", http, headers=[("content-type", "image/png")])["body"] == "/w=="
    assert "version" not in event()
    granted = event(of=http, grant=Grant({"sub": "u", "groups": ["a", "b"]}, ["read"]))
    assert granted["requestContext"]["authorizer"] == {
        "claims": {"sub": "u", "groups": "[a b]"},
        "scopes": ["read"],
    }


def test_payload_1_names_the_route_of_all_other_requests() -> None:
    http = replace(api(), is_rest=False, stage="$default")
    found = event(of=http, route=Route(key="$default", function="f"))
    assert (found["resource"], found["requestContext"]["resourcePath"]) == ("$default", "$default")


def test_an_http_api_decodes_each_body_in_base64() -> None:
    result = {"statusCode": 200, "body": "/w==", "isBase64Encoded": True}
    http = replace(api(), is_rest=False)
    assert to_response(json.dumps(result).encode(), request(), http).body == b"\xff"


def test_what_there_is_none_of_is_null() -> None:
    found = event(body=b"", query="")
    assert found["body"] is None
    assert found["queryStringParameters"] is None
    assert found["multiValueQueryStringParameters"] is None


def test_a_binary_type_travels_in_base64() -> None:
    headers = [("content-type", "image/png; q=1")]
    found = event(b"\xff", api(binary_types=["image/*"]), headers=headers)
    assert (found["body"], found["isBase64Encoded"]) == (base64.b64encode(b"\xff").decode(), True)


def test_a_response_may_have_a_header_twice() -> None:
    result = {
        "statusCode": "201",
        "headers": {"X-A": "1"},
        "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]},
        "body": "ok",
    }
    found = to_response(json.dumps(result).encode(), request(), api())
    assert (found.status, found.body) == (201, b"ok")
    assert found.headers == [
        ("x-a", "1"),
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
        ("content-type", "application/json"),
    ]


@pytest.mark.parametrize(("accept", "body"), [("image/png,*/*", b"\xff"), ("text/html", b"/w==")])
def test_base64_is_decoded_for_who_accepts_a_binary_type(accept: str, body: bytes) -> None:
    result = {"statusCode": 200, "body": "/w==", "isBase64Encoded": True}
    asked = request(headers=[("accept", accept)])
    assert (
        to_response(json.dumps(result).encode(), asked, api(binary_types=["image/png"])).body
        == body
    )


@pytest.mark.parametrize(
    "result", ["hello", {"body": "x"}, {"statusCode": 200, "body": {}}, {"statusCode": 99}, None]
)
def test_what_is_no_response_is_refused(result: Any) -> None:
    with pytest.raises(MalformedResponseError):
        to_response(json.dumps(result).encode(), request(), api())
