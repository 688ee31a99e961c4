"""Payload format 2.0 between an HTTP API and a function: the event in, the response out.

Source: "Create AWS Lambda proxy integrations for HTTP APIs" (API Gateway developer guide). Four
facts are known from captures rather than from the guide. `rawPath` arrives decoded, and cookies are
left out of `headers`. A form body (and anything else that is not text, JSON, XML or JavaScript)
arrives base64-encoded. Empty members are left out.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from keyline_local.api.authorizer import Grant, render_claim

_TEXT_TYPE = re.compile(
    r"text/|application/(?:[\w.+-]+\+)?(?:json|xml)\b|application/javascript\b", re.IGNORECASE
)
_NOT_PASSED_ON = frozenset({"connection", "content-length", "transfer-encoding"})
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_LINE_BREAK = re.compile(r"[\r\n\0]")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request as it came over the wire; `path` is decoded, headers are lower-case pairs."""

    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    source_ip: str
    protocol: str
    received: datetime


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A response to the client; the same header may appear more than once."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class MalformedResponseError(ValueError):
    """The function's result is not an HTTP response; the client gets 500 or 502."""


def joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Join repeated headers with commas."""
    result: dict[str, str] = {}
    for name, value in headers:
        result[name] = f"{result[name]},{value}" if name in result else value
    return result


def request_time(at: datetime) -> str:
    """Return a time in the common log format that `requestContext.time` has, in any locale."""
    return f"{at:%d}/{_MONTHS[at.month - 1]}/{at:%Y:%H:%M:%S} +0000"


def to_event(
    request: HttpRequest,
    body: bytes,
    *,
    request_id: str,
    route_key: str,
    stage: str,
    api_id: str,
    account: str,
    trace_id: str,
    parameters: Mapping[str, str],
    grant: Grant | None,
) -> bytes:
    """Build the event, as JSON."""
    headers = joined(pair for pair in request.headers if pair[0] != "cookie")
    cookies = [
        cookie.strip()
        for name, value in request.headers
        if name == "cookie"
        for cookie in value.split(";")
    ]
    domain = headers.get("host", "localhost").rpartition(":")[0] or headers.get("host", "localhost")
    port = headers.get("host", "").rpartition(":")[2]
    forwarded = [headers["x-forwarded-for"]] if "x-forwarded-for" in headers else []
    headers.update(
        {
            "content-length": str(len(body)),
            "x-amzn-trace-id": trace_id,
            "x-forwarded-for": ", ".join([*forwarded, request.source_ip]),
            "x-forwarded-port": port if port.isdigit() else "80",
            "x-forwarded-proto": "http",
        }
    )
    context: dict[str, Any] = {
        "accountId": account,
        "apiId": api_id,
        "domainName": domain,
        "domainPrefix": domain.partition(".")[0],
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": request.protocol,
            "sourceIp": request.source_ip,
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": request_id,
        "routeKey": route_key,
        "stage": stage,
        "time": request_time(request.received),
        "timeEpoch": int(request.received.timestamp() * 1000),
    }
    if grant is not None:
        claims = {name: render_claim(value) for name, value in grant.claims.items()}
        context["authorizer"] = {"jwt": {"claims": claims, "scopes": list(grant.scopes) or None}}
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": context,
        "isBase64Encoded": False,
    }
    if cookies:
        event["cookies"] = cookies
    if request.query:
        event["queryStringParameters"] = joined(parse_qsl(request.query, keep_blank_values=True))
    if parameters:
        event["pathParameters"] = dict(parameters)
    if body:
        event["body"], event["isBase64Encoded"] = body_text(body, headers)
    return msgspec.json.encode(event)


def body_text(body: bytes, headers: Mapping[str, str]) -> tuple[str, bool]:
    """Return a body as an HTTP API hands it on, and whether it is base64.

    Parameters
    ----------
    headers
        With names in lower case.
    """
    kind = headers.get("content-type", "text/plain")
    if "content-encoding" not in headers and _TEXT_TYPE.match(kind.strip()):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass  # text by name only: it can only travel encoded
    return base64.b64encode(body).decode(), True


def to_response(payload: bytes) -> HttpResponse:
    """Map a function's result to the response.

    Without a `statusCode` the result itself is the body of a 200, a string as it is and
    anything else as JSON.

    Raises
    ------
    MalformedResponseError
        A `statusCode`, header, cookie or body has the wrong type, or is not base64 although
        it says so.
    """
    try:
        result = msgspec.json.decode(payload)
    except msgspec.DecodeError as error:
        raise MalformedResponseError(f"the result is not JSON: {error}") from error
    if not isinstance(result, dict) or "statusCode" not in result:
        body = result.encode() if isinstance(result, str) else payload
        return HttpResponse(200, [("content-type", "application/json")], body)
    headers = header_pairs(result.get("headers"))
    if not any(name == "content-type" for name, _ in headers):
        headers.append(("content-type", "text/plain;charset=utf-8"))
    cookies = result.get("cookies") or []
    if not isinstance(cookies, list):
        raise MalformedResponseError("cookies is not a list")
    headers += [("set-cookie", line_of("cookie", each)) for each in cookies]
    return HttpResponse(status_of(result["statusCode"]), headers, body_of(result))


def status_of(value: Any) -> int:
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 200 <= value <= 599:
        raise MalformedResponseError(f"statusCode {value!r} is not an HTTP status")
    return value


def header_pairs(value: Any) -> list[tuple[str, str]]:
    if value is None:
        return []
    if not isinstance(value, dict):
        raise MalformedResponseError("headers is not an object")
    named = [(name.lower(), line_of(f"header {name}", each)) for name, each in value.items()]
    for name, _ in named:
        if _HEADER_NAME.fullmatch(name) is None:
            raise MalformedResponseError(f"{name!r} is not a header name")
    return [(name, text) for name, text in named if name not in _NOT_PASSED_ON]


def line_of(what: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float) or _LINE_BREAK.search(str(value)):
        raise MalformedResponseError(f"{what} is not a single line of text")
    return str(value)


def body_of(result: Mapping[str, Any]) -> bytes:
    body = result.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise MalformedResponseError("body is not a string")
    if result.get("isBase64Encoded") is not True:
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise MalformedResponseError(f"body is not base64: {error}") from error


def now() -> datetime:
    return datetime.now(UTC)
