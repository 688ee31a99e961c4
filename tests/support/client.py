"""A client of a system's HTTP API: tokens, requests, problem documents."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import httpx

from keyline_deploy.systems import systems
from tests.support.served import Served

AUDIENCE = "keyline-local"
_TABLES = sorted({re.escape(table.name) for system in systems() for table in system.tables})
INTERNALS = re.compile(
    r"Traceback|\.py\b|botocore|boto3|msgspec|DynamoDB|dynamodb|127\.0\.0\.1|arn:aws|lambda_src"
    rf"|Exception|{'|'.join(_TABLES)}",
)


class Client:
    """Calls an API with real tokens.

    Parameters
    ----------
    subject, scopes
        Whose token is sent where a call says no other.
    address
        The address of the loopback net to call from, such as 127.0.0.7; 127.0.0.1 by default.
    """

    def __init__(
        self,
        served: Served,
        subject: str,
        scopes: Sequence[str] = (),
        address: str | None = None,
    ) -> None:
        self._served = served
        self._subject = subject
        self._scopes = scopes
        # The platform closes what is idle for 5 s: on a busy machine also what a request has just
        # reached, so that a connection is used no more well before.
        limits = httpx.Limits(
            max_connections=64, max_keepalive_connections=64, keepalive_expiry=2.0
        )
        transport = httpx.HTTPTransport(local_address=address, limits=limits, trust_env=False)
        self._http = httpx.Client(trust_env=False, timeout=60, transport=transport)
        self._tokens: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def token(
        self,
        subject: str | None = None,
        scopes: Sequence[str] | None = None,
        claims: Mapping[str, Any] | None = None,
    ) -> str:
        """Return a token, the same one each time."""
        subject = self._subject if subject is None else subject
        scopes = self._scopes if scopes is None else scopes
        claims = claims or {}
        key = repr((subject, scopes, sorted(claims.items())))
        if key not in self._tokens:
            self._tokens[key] = self._served.issuer.mint(
                subject, audience=AUDIENCE, scopes=scopes, claims=claims
            )
        return self._tokens[key]

    def call(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        **request: Any,
    ) -> httpx.Response:
        bearer = {"Authorization": f"Bearer {token or self.token()}"}
        url = f"{self._served.url}{path}"
        return self._http.request(method, url, headers={**bearer, **(headers or {})}, **request)

    def get(self, path: str, token: str | None = None, **params: Any) -> Any:
        response = self.call("GET", path, token=token, params=params or None)
        assert response.status_code == 200, response.text
        return response.json()


def assert_problem(response: httpx.Response, status: int, path: str | None = None) -> None:
    """Check that it is a problem document (RFC 9457) to act on, without internals."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert document["status"] == status
    for member in ("type", "title", "detail", "suggestion", "instance"):
        assert document.get(member), f"{member} is missing: {document}"
    if status < 500:
        assert document.get("path"), f"path is missing: {document}"
    if path is not None:
        assert document["path"] == path, document
    assert not INTERNALS.search(response.text), response.text
