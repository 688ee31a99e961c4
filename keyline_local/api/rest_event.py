"""The proxy integration of a REST API, and payload format 1.0 of an HTTP API.

Sources: "Lambda proxy integrations in API Gateway" and "Create AWS Lambda proxy integrations for
HTTP APIs in API Gateway" (API Gateway developer guide). API Gateway hands
on the names of headers as the client writes them. HTTP libraries write `Content-Type`, and so do
the events here, since a server no longer knows how they were written.
"""

from __future__ import annotations

import base64
import fnmatch
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from keyline_local.api.authorizer import Grant, render_claim
from keyline_local.api.http_event import (
    HttpRequest,
    HttpResponse,
    MalformedResponseError,
    body_of,
    body_text,
    header_pairs,
    line_of,
    request_time,
    status_of,
)
from keyline_local.resources import Api, Route


def to_event(
    request: HttpRequest,
    body: bytes,
    *,
    api: Api,
    route: Route,
    request_id: str,
    account: str,
    trace_id: str,
    parameters: Mapping[str, str],
    grant: Grant | None = None,
) -> bytes:
    """Build the event, as JSON."""
    host = next((value for name, value in request.headers if name == "host"), "localhost")
    domain, _, port = host.partition(":")
    pairs = [
        *((_title(name), value) for name, value in request.headers),
        ("X-Amzn-Trace-Id", trace_id),
        ("X-Forwarded-For", request.source_ip),
        ("X-Forwarded-Port", port or "80"),
        ("X-Forwarded-Proto", "http"),
    ]
    query = parse_qsl(request.query, keep_blank_values=True)
    below = request.path.removeprefix(f"/{api.stage}")
    text, is_base64 = _body(body, request, api)
    resource = route.key.partition(" ")[2] or route.key  # the route of all others has no path
    event: dict[str, Any] = {
        **({} if api.is_rest else {"version": "1.0"}),
        "resource": resource,
        "path": below or "/",
        "httpMethod": request.method,
        "headers": dict(pairs),
        "multiValueHeaders": _gathered(pairs),
        "queryStringParameters": dict(query) or None,
        "multiValueQueryStringParameters": _gathered(query) or None,
        "pathParameters": dict(parameters) or None,
        "stageVariables": None,
        "requestContext": {
            "accountId": account,
            "apiId": api.api_id,
            "domainName": domain,
            "domainPrefix": domain.partition(".")[0],
            "extendedRequestId": request_id,
            "httpMethod": request.method,
            "identity": {
                "sourceIp": request.source_ip,
                "userAgent": dict(pairs).get("User-Agent"),
            },
            "path": request.path,
            "protocol": request.protocol,
            "requestId": request_id,
            "requestTime": request_time(request.received),
            "requestTimeEpoch": int(request.received.timestamp() * 1000),
            "resourcePath": resource,
            "stage": api.stage,
        },
        "body": text,
        "isBase64Encoded": is_base64,
    }
    if grant is not None:
        claims = {name: render_claim(value) for name, value in grant.claims.items()}
        authorizer = {"claims": claims, "scopes": list(grant.scopes) or None}
        event["requestContext"]["authorizer"] = authorizer
    return msgspec.json.encode(event)


def to_response(payload: bytes, request: HttpRequest, api: Api) -> HttpResponse:
    """Map a function's result to the response.

    A REST API decodes a body in base64 if the client accepts a binary type of the API.

    Raises
    ------
    MalformedResponseError
        The result is not an object with a `statusCode`, or a part of it has the wrong type.
    """
    try:
        result = msgspec.json.decode(payload)
    except msgspec.DecodeError as error:
        raise MalformedResponseError(f"the result is not JSON: {error}") from error
    if not isinstance(result, dict) or "statusCode" not in result:
        raise MalformedResponseError("the result is not an object with a statusCode")
    headers = header_pairs(result.get("headers")) + _several(result.get("multiValueHeaders"))
    if not any(name == "content-type" for name, _ in headers):
        headers.append(("content-type", "application/json"))
    accepted = next((value for name, value in request.headers if name == "accept"), "")
    if api.is_rest and not _is_binary(accepted.partition(",")[0], api.binary_types):
        result = {**result, "isBase64Encoded": False}
    return HttpResponse(status_of(result["statusCode"]), headers, body_of(result))


def _several(value: Any) -> list[tuple[str, str]]:
    if value is None:
        return []
    if not isinstance(value, dict) or not all(isinstance(each, list) for each in value.values()):
        raise MalformedResponseError("multiValueHeaders is not an object of lists")
    pairs = [(name, each) for name, several in value.items() for each in several]
    return [pair for name, each in pairs for pair in header_pairs({name: line_of(name, each)})]


def _body(body: bytes, request: HttpRequest, api: Api) -> tuple[str | None, bool]:
    if not body:
        return None, False
    headers = dict(request.headers)
    if not api.is_rest:
        return body_text(body, headers)
    if _is_binary(headers.get("content-type", "application/json"), api.binary_types):
        return base64.b64encode(body).decode(), True
    return body.decode(errors="replace"), False


def _is_binary(kind: str, types: Iterable[str]) -> bool:
    plain = kind.partition(";")[0].strip().lower()
    return any(fnmatch.fnmatchcase(plain, each.lower()) for each in types)


def _gathered(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name, value in pairs:
        found[name].append(value)
    return dict(found)


def _title(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))
