"""Each function's role is exactly what the function does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.grants import assert_refused, granted, guard_of, used
from tests.support.platform import Running
from tests.systems.reports.e2e.api import EMBEDDINGS, REPORTS, USERS, Api, fresh

pytestmark = pytest.mark.xdist_group("reports")


def use_everything(api: Api) -> set[str]:
    """Call every route so that each pattern runs.

    Returns
    -------
    The routes that were called.
    """
    user, product, model = api.user(), fresh(), fresh()
    api.get("/profile", user)
    report, other = api.create(user), api.create(user)
    where = f"/reports/{report['id']}"
    done = [
        api.call("PATCH", "/profile", token=user, json={"version": 1, "name": "Ada"}),
        api.call("PATCH", where, token=user, json={"version": 1, "title": "Better"}),
        api.call("PUT", f"{where}/favorites/{product}", token=user),
        api.call("DELETE", f"{where}/favorites/{product}", token=user),
        api.call("GET", where, token=user),
        api.call("GET", "/reports", token=user),
        api.call("DELETE", where, token=user, params={"version": 2}),
        api.call("DELETE", f"/reports/{other['id']}", token=user),
        api.embed(product, "older", [0.6, 0.8]),
        api.embed(product, model, [0.6, 0.8], replaces="older"),
        api.call("GET", f"/products/{product}/embedding", token=user),
        api.call("GET", f"/products/{product}/similar", token=user),
        api.call("GET", "/embeddings", token=user, params={"model_version": model}),
    ]
    for answer in done:
        answer.raise_for_status()
    return {
        *("GET /profile", "PATCH /profile", "POST /reports", "GET /reports"),
        *("GET /reports/{id}", "PATCH /reports/{id}", "DELETE /reports/{id}"),
        *(f"{method} /reports/{{id}}/favorites/{{productId}}" for method in ("PUT", "DELETE")),
        *(f"{method} /products/{{productId}}/embedding" for method in ("PUT", "GET")),
        *("GET /products/{productId}/similar", "GET /embeddings"),
    }


@pytest.mark.requirement("K-34", "K-39", "X-07")
def test_each_role_is_exactly_what_its_function_used(api: Api, running: Running) -> None:
    # Given the templates' roles, and a guard that takes note of each request
    denied = set(guard_of(running).denied)

    # When everything there is has run
    assert use_everything(api) == {route.key for route in running.api.routes}

    # Then what was used is what is granted: nothing missing, nothing unused
    assert used(running) == granted(running)
    assert guard_of(running).denied == denied
    assert {access.function for access in used(running)} == running.functions
    assert not any(access.action == "Scan" for access in used(running))


def _key(name: str) -> dict[str, Any]:
    return {"Key": {name: {"S": "a"}}}


@pytest.mark.requirement("K-34", "X-07")
@pytest.mark.parametrize(
    ("function", "operation", "request_"),
    [
        ("reports-users-local", "GetItem", {"TableName": REPORTS, **_key("id")}),
        ("reports-users-local", "DeleteItem", {"TableName": USERS, **_key("user_id")}),
        ("reports-reports-local", "GetItem", {"TableName": USERS, **_key("user_id")}),
        ("reports-reports-local", "Scan", {"TableName": REPORTS}),
        ("reports-reports-local", "DeleteTable", {"TableName": REPORTS}),
        ("reports-similarity-local", "PutItem", {"TableName": EMBEDDINGS, "Item": {}}),
        ("reports-similarity-local", "Scan", {"TableName": EMBEDDINGS}),
        ("reports-embeddings-local", "DeleteItem", {"TableName": EMBEDDINGS, **_key("product_id")}),
    ],
)
def test_what_is_not_granted_is_refused(
    running: Running, function: str, operation: str, request_: dict[str, Any]
) -> None:
    assert_refused(running, function, operation, request_)
