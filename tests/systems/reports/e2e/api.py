"""A client of the reports system's HTTP API: users, reports, vectors, pages."""

from __future__ import annotations

import uuid
from typing import Any

import httpx

from tests.support.client import Client
from tests.support.platform import Running
from tests.support.served import Served

USERS, REPORTS, EMBEDDINGS = "k9-users-local", "k9-reports-local", "k9-embeddings-local"
ACCESS = {"token_use": "access"}
CATALOGUE = {**ACCESS, "cognito:groups": ["editors", "catalogue"]}


def fresh() -> str:
    """Return a name that no other test has."""
    return uuid.uuid4().hex


def everything(running: Running) -> dict[str, dict[tuple[Any, ...], dict[str, Any]]]:
    """Return all that is stored by table and key, to compare before and after."""
    return {table: running.by_key(table) for table in (USERS, REPORTS, EMBEDDINGS)}


class Api(Client):
    """Calls the API, as a user of its own unless a token says otherwise."""

    def __init__(self, served: Served) -> None:
        super().__init__(served, "somebody")

    def user(self, subject: str | None = None) -> str:
        """Return the access token of a user; of a new one where none is named."""
        return self.token(subject or fresh(), claims=ACCESS)

    def catalogue(self) -> str:
        """Return the access token of a user who may store vectors."""
        return self.token("librarian", claims=CATALOGUE)

    def create(self, token: str, title: str = "A report", **fields: Any) -> dict[str, Any]:
        """Store a report; what the answer says of it."""
        response = self.call("POST", "/reports", token=token, json={"title": title, **fields})
        assert response.status_code == 201, response.text
        stored: dict[str, Any] = response.json()
        return stored

    def embed(
        self, product: str, model: str, vector: list[float], token: str | None = None, **more: Any
    ) -> httpx.Response:
        """Store a product's vector."""
        body = {"model_version": model, "embedding_vector": vector, **more}
        path = f"/products/{product}/embedding"
        return self.call("PUT", path, token=token or self.catalogue(), json=body)

    def pages(self, path: str, members: str, token: str, **params: Any) -> list[list[Any]]:
        """Return the members of every page of a list."""
        found = []
        cursor: str | None = None
        while True:
            more = {} if cursor is None else {"cursor": cursor}
            page = self.get(path, token, **params, **more)
            found.append(page[members])
            assert cursor is None or page["cursor"] != cursor  # else it would never end
            cursor = page["cursor"]
            if cursor is None:
                return found

    def reports(self, token: str) -> list[dict[str, Any]]:
        """Return all reports of a user."""
        pages = self.pages("/reports", "reports", token, limit=100)
        return [report for page in pages for report in page]
