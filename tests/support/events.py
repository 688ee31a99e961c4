"""API Gateway events (HTTP API, payload format 2.0) as AWS sends them."""

from __future__ import annotations

import base64
import json
from typing import Any


def event(
    route: str,
    path: dict[str, str] | None = None,
    query: str = "",
    body: Any = None,
    *,
    text: str | None = None,
    raw: bytes | None = None,
    headers: dict[str, str] | None = None,
    claims: dict[str, str] | None = None,
    stage: str = "$default",
) -> dict[str, Any]:
    """Return an event for a route; `body` as JSON, `text` as it is, `raw` in base64."""
    method, _, template = route.partition(" ")
    raw_path = template
    for name, value in (path or {}).items():
        raw_path = raw_path.replace("{" + name + "}", value)
    found: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": raw_path if stage == "$default" else f"/{stage}{raw_path}",
        "rawQueryString": query,
        "headers": {"content-type": "application/json"} if headers is None else headers,
        "requestContext": {
            "http": {"method": method, "path": raw_path, "sourceIp": "192.0.2.1"},
            "requestId": "request-1",
            "routeKey": route,
            "stage": stage,
        },
        "isBase64Encoded": raw is not None,
    }
    if path:
        found["pathParameters"] = path
    if claims is not None:
        found["requestContext"]["authorizer"] = {"jwt": {"claims": claims, "scopes": None}}
    if raw is not None:
        found["body"] = base64.b64encode(raw).decode()
    elif text is not None:
        found["body"] = text
    elif body is not None:
        found["body"] = json.dumps(body)
    return found


class Context:
    """The facts that Lambda says about an invocation."""

    aws_request_id = "invocation-1"
    function_name = "notes-api-local"
