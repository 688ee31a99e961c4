"""A client of the chat system's HTTP API: tokens, requests, pages, problem documents."""

from __future__ import annotations

import itertools
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from chat.system import ANALYTICS_SCOPE, READ_SCOPE, WRITE_SCOPE
from tests.e2e.chat.running import Running

ALL_SCOPES = (WRITE_SCOPE, READ_SCOPE, ANALYTICS_SCOPE)
AUDIENCE = "keyline-local"
INTERNALS = re.compile(
    r"Traceback|\.py\b|botocore|boto3|msgspec|DynamoDB|dynamodb|127\.0\.0\.1|arn:aws|lambda_src"
    r"|Exception|ChatMessages|ChatDailyRollups",
)

_ids = itertools.count(1000)


def fresh_id() -> int:
    """A number that no other test has for a module or a student."""
    return next(_ids)


def fresh_name() -> str:
    """A conversation that no other test has."""
    return uuid.uuid4().hex


def body(**fields: Any) -> dict[str, Any]:
    """A message as a client sends it."""
    return {
        "moduleId": 1,
        "provider": "openai",
        "modelUsed": "gpt-4o-mini",
        "question": "How do I add fractions?",
        "response": "Find a common denominator first.",
        "tokenCount": 42,
        "responseTime": 830,
        **fields,
    }


class Api:
    """Calls the API, as staff unless a token says otherwise."""

    def __init__(self, running: Running) -> None:
        self._running = running
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
        self._http = httpx.Client(trust_env=False, timeout=60, limits=limits)
        self._tokens: dict[str, str] = {}

    def close(self) -> None:
        self._http.close()

    def token(
        self, subject: str = "staff", scopes: Sequence[str] = ALL_SCOPES, **claims: Any
    ) -> str:
        key = repr((subject, scopes, sorted(claims.items())))
        if key not in self._tokens:
            self._tokens[key] = self._running.platform.issuer.mint(
                subject, audience=AUDIENCE, scopes=scopes, claims=claims
            )
        return self._tokens[key]

    def student(self, student: int) -> str:
        return self.token(f"student-{student}", student_id=student)

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
        url = f"{self._running.url}{path}"
        return self._http.request(method, url, headers={**bearer, **(headers or {})}, **request)

    def get(self, path: str, token: str | None = None, **params: Any) -> Any:
        response = self.call("GET", path, token=token, params=params or None)
        assert response.status_code == 200, response.text
        return response.json()

    def post(self, conversation: str, token: str | None = None, **fields: Any) -> dict[str, Any]:
        """Store a message; what the answer says of it."""
        response = self.send(conversation, token, **fields)
        assert response.status_code == 201, response.text
        stored: dict[str, Any] = response.json()
        return stored

    def send(self, conversation: str, token: str | None = None, **fields: Any) -> httpx.Response:
        return self.call(
            "POST", f"/conversations/{conversation}/messages", token=token, json=body(**fields)
        )

    def pages(self, path: str, token: str | None = None, **params: Any) -> list[list[Any]]:
        """The messages of every page."""
        found = []
        cursor: str | None = None
        while True:
            more = {} if cursor is None else {"cursor": cursor}
            page = self.get(path, token, **params, **more)
            found.append(page["messages"])
            cursor = page["cursor"]
            if cursor is None:
                return found

    def all(self, path: str, token: str | None = None, **params: Any) -> list[Any]:
        return list(itertools.chain.from_iterable(self.pages(path, token, **params)))


def assert_problem(response: httpx.Response, status: int, path: str | None = None) -> None:
    """It is a problem document (RFC 9457) that a client can act on, with no internals in it."""
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
