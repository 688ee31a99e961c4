"""A client of the memory system's HTTP API."""

from __future__ import annotations

import uuid
from typing import Any

from tests.support.client import Client
from tests.support.served import Served

SCOPES = ("memory:read", "memory:write")


def fresh() -> str:
    """Return a name that no other test has."""
    return uuid.uuid4().hex


class Api(Client):
    """Calls the API, as a user of its own unless a token says otherwise."""

    def __init__(self, served: Served) -> None:
        super().__init__(served, "somebody", SCOPES)

    def save(self, token: str, session: str, *contents: str) -> list[str]:
        """Save turns of the user; their identifiers."""
        turns = [{"role": "user", "content": content} for content in contents]
        body = {"session_id": session, "turns": turns}
        response = self.call("POST", "/interactions", token=token, json=body)
        assert response.status_code == 201, response.text
        return [turn["id"] for turn in response.json()["turns"]]

    def context(self, token: str, session: str, query: str) -> Any:
        """Return the context of a query."""
        body = {"query": query, "session_id": session}
        response = self.call("POST", "/contexts", token=token, json=body)
        assert response.status_code == 200, response.text
        return response.json()
