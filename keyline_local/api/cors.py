"""CORS as an HTTP API answers it, instead of its functions.

Source: "Configure CORS for HTTP APIs" (API Gateway developer guide): preflight requests are
answered even without an OPTIONS route, and CORS headers from an integration are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping

from keyline_local.api.http_event import HttpResponse
from keyline_local.resources import Cors


def is_preflight(method: str, headers: Mapping[str, str]) -> bool:
    return (
        method == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers
    )


def preflight(cors: Cors, headers: Mapping[str, str]) -> HttpResponse:
    """Answer a preflight: 204, with the configured headers if the origin is allowed."""
    allowed = _origin(cors, headers["origin"])
    if allowed is None:
        return HttpResponse(204, [], b"")
    answer = [("access-control-allow-origin", allowed)]
    lists = {"allow-methods": cors.allow_methods, "allow-headers": cors.allow_headers}
    answer += [(f"access-control-{name}", ",".join(each)) for name, each in lists.items() if each]
    if cors.max_age is not None:
        answer.append(("access-control-max-age", str(cors.max_age)))
    if cors.allow_credentials:
        answer.append(("access-control-allow-credentials", "true"))
    return HttpResponse(204, answer, b"")


def decorate(cors: Cors, origin: str, response: HttpResponse) -> HttpResponse:
    """Replace whatever CORS headers the function set by the API's own."""
    headers = [pair for pair in response.headers if not pair[0].startswith("access-control-")]
    allowed = _origin(cors, origin)
    if allowed is not None:
        headers.append(("access-control-allow-origin", allowed))
        if cors.allow_credentials:
            headers.append(("access-control-allow-credentials", "true"))
        if cors.expose_headers:
            headers.append(("access-control-expose-headers", ",".join(cors.expose_headers)))
    return HttpResponse(response.status, headers, response.body)


def _origin(cors: Cors, origin: str) -> str | None:
    """Return the value of Access-Control-Allow-Origin.

    `https://*` stands for any host of the scheme.
    """
    if "*" in cors.allow_origins:
        return "*"
    scheme = origin.partition("://")[0]
    return origin if {origin, f"{scheme}://*"} & set(cors.allow_origins) else None
