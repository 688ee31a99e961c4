"""A client of the chat system's HTTP API: tokens, messages, pages."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from chat.system import ANALYTICS_SCOPE, READ_SCOPE, WRITE_SCOPE
from tests.support.client import Client
from tests.support.served import Served

ALL_SCOPES = (WRITE_SCOPE, READ_SCOPE, ANALYTICS_SCOPE)

STAFF = {"cognito:groups": ["tutors", "staff"]}
"""The claims of staff, as a user pool writes them."""

_ids = itertools.count(1000)


def fresh_id() -> int:
    """Return a number that no other test has for a module or a student."""
    return next(_ids)


def fresh_name() -> str:
    """Return a conversation that no other test has."""
    return uuid.uuid4().hex


def body(**fields: Any) -> dict[str, Any]:
    """Return a message as a client sends it."""
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


class Api(Client):
    """Calls the API, as staff unless a token says otherwise."""

    def __init__(self, served: Served) -> None:
        super().__init__(served, "staff", ALL_SCOPES)

    def token(
        self,
        subject: str | None = None,
        scopes: Sequence[str] | None = None,
        claims: Mapping[str, Any] | None = None,
    ) -> str:
        """Return a token, of staff unless claims are given."""
        return super().token(subject, scopes, STAFF if claims is None else claims)

    def student(self, student: int) -> str:
        return self.token(f"student-{student}", claims={"student_id": student})

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
        """Return the messages of every page."""
        found = []
        cursor: str | None = None
        while True:
            more = {} if cursor is None else {"cursor": cursor}
            page = self.get(path, token, **params, **more)
            found.append(page["messages"])
            assert cursor is None or page["cursor"] != cursor  # else it would never end
            cursor = page["cursor"]
            if cursor is None:
                return found

    def all(self, path: str, token: str | None = None, **params: Any) -> list[Any]:
        return list(itertools.chain.from_iterable(self.pages(path, token, **params)))
