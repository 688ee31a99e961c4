"""The headers of HTTP that an App reads and sends: what CORS has to allow and to expose.

A browser hands over a response's header to a script of another origin only where CORS names the
header or where it is safelisted. The same is true of a request's header that the script sends
(Fetch standard, sections "CORS-safelisted response-header name" and "CORS-safelisted
request-header").
"""

from __future__ import annotations

REQUEST_HEADERS = (
    "authorization",
    "content-encoding",
    "content-type",
    "idempotency-key",
    "if-match",
)
"""What an App reads of a request, in small letters. API Gateway reads `authorization` for it."""

RESPONSE_HEADERS = (
    "ETag",
    "Idempotent-Replayed",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
)
"""What an App sends that is not safelisted. An App refuses to send any other header."""

SAFELISTED_RESPONSE_HEADERS = (
    "Cache-Control",
    "Content-Language",
    "Content-Length",
    "Content-Type",
    "Expires",
    "Last-Modified",
    "Pragma",
)
"""What a browser hands over in any case."""

PREFLIGHT_SECONDS = 3600
"""How long a browser keeps what CORS allows. Until then it may not see a change."""
