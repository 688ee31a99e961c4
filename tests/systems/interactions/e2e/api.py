"""A client of the interactions system's HTTP API: sessions, checks, histories."""

from __future__ import annotations

import uuid
from typing import Any

import httpx

from interactions.system import ANALYTICS_SCOPE, USE_SCOPE
from tests.support.client import Client
from tests.support.platform import Running
from tests.support.served import Served

DATA, SIZES = "mediphant-data-local", "MediphantTableSizes-local"
ALL_SCOPES = (USE_SCOPE, ANALYTICS_SCOPE)


def fresh() -> str:
    """Return a name that no other test has."""
    return uuid.uuid4().hex


def of_kind(served: Served, kind: str) -> list[dict[str, Any]]:
    """Return all items of a kind, past all that the system does when it reads."""
    return [item for item in served.items(DATA) if item["EntityType"] == kind]


def without_windows(running: Running) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return all that is stored by key, but for what the limit of requests counts."""
    stored = running.by_key(DATA)
    return {key: item for key, item in stored.items() if item["EntityType"] != "RATE_LIMIT"}


class Api(Client):
    """Calls the API with all scopes, as one user unless a token says otherwise."""

    def __init__(self, served: Served, address: str | None = None) -> None:
        super().__init__(served, "somebody", ALL_SCOPES, address)

    def user(self, subject: str | None = None) -> str:
        """Return the token of a user, or of a new one, without the scope of analytics."""
        return self.token(subject or fresh(), (USE_SCOPE,))

    def open(self, token: str | None = None) -> str:
        """Open a session; its id."""
        response = self.call("POST", "/sessions", token=token)
        assert response.status_code == 201, response.text
        opened: str = response.json()["sessionId"]
        assert response.headers["location"] == f"/sessions/{opened}"
        return opened

    def send(
        self, session: str, first: str, second: str, token: str | None = None, **more: Any
    ) -> httpx.Response:
        """Ask whether two medicines go together."""
        body = {"medA": first, "medB": second, "sessionId": session}
        return self.call("POST", "/interactions", token=token, json=body, **more)

    def check(
        self, session: str, first: str = "warfarin", second: str = "ibuprofen", token: str = ""
    ) -> dict[str, Any]:
        """Return the same, which has to be answered."""
        response = self.send(session, first, second, token or None)
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()
        return made

    def history(self, session: str, token: str | None = None, **params: Any) -> list[Any]:
        """Return a session's latest checks."""
        found: list[Any] = self.get(f"/sessions/{session}/history", token, **params)["checks"]
        return found
