"""What the functions of users and reports ask for is exactly what their roles grant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from keyline.model import Access
from keyline.run.client import Answer, Connection
from reports.system import SYSTEM
from tests.engine.reports.conftest import Reports


def users(reports: Reports) -> None:
    api = reports.app("users")
    api("GET /profile")
    api("PATCH /profile", body={"version": 1, "name": "Ada"})


def documents(reports: Reports) -> None:
    api = reports.app("reports")
    path = {"id": api("POST /reports", body={"title": "A report"}).body["id"]}
    favorite = {**path, "productId": "p"}
    api("GET /reports")
    api("GET /reports/{id}", path)
    api("PATCH /reports/{id}", path, body={"version": 1, "title": "Another"})
    api("PUT /reports/{id}/favorites/{productId}", favorite)
    api("DELETE /reports/{id}/favorites/{productId}", favorite)
    api("DELETE /reports/{id}", path, query="version=2")


@pytest.mark.requirement("K-34", "X-07")
@pytest.mark.parametrize(("function", "use"), [("users", users), ("reports", documents)])
def test_what_a_function_asks_for_equals_what_its_role_grants(
    reports: Reports,
    function: str,
    use: Callable[[Reports], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    declared = {table.physical_name(reports.environment): table.name for table in SYSTEM.tables}
    asked: set[Access] = set()
    send = Connection.send

    def listen(
        connection: Connection, path: str, operation: str, request: Mapping[str, Any]
    ) -> Answer:
        name = declared[request["TableName"]]
        asked.add(Access(operation, name, request.get("IndexName", "")))
        return send(connection, path, operation, request)

    monkeypatch.setattr(Connection, "send", listen)
    use(reports)
    assert asked == SYSTEM.function(function).access
