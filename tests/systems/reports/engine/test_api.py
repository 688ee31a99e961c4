"""The reports API's Lambda handlers, called with API Gateway's events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from keyline.run.meter import PROCESS
from reports.system import SYSTEM
from tests.systems.reports.on_engine import Api, MakeReports, Reports

CREATE = "POST /reports"
LIST = "GET /reports"
SHOW = "GET /reports/{id}"
CHANGE = "PATCH /reports/{id}"
DELETE = "DELETE /reports/{id}"
FAVOR = "PUT /reports/{id}/favorites/{productId}"
DISFAVOR = "DELETE /reports/{id}/favorites/{productId}"
FORM = {"content-type": "application/x-www-form-urlencoded"}
"""What curl says of a body that it is given with -d; API Gateway hands such over in base64."""
CURL = '{"title": "Test Report"}'


@pytest.fixture
def api(reports: Reports) -> Iterator[Api]:
    yield reports.app("reports")
    PROCESS.flush()


def created(api: Api, user: str = "ada", **fields: Any) -> dict[str, Any]:
    """Return a new report, as answered."""
    answer = api(CREATE, body={"title": "A report", **fields}, user=user)
    assert answer.status == 201
    body: dict[str, Any] = answer.body
    return body


@pytest.mark.requirement("K-40", "K-77")
@pytest.mark.parametrize("body", [{"text": CURL}, {"raw": CURL.encode()}], ids=["text", "base64"])
def test_the_specification_s_curl_stores_a_report(
    api: Api, reports: Reports, body: dict[str, Any]
) -> None:
    answer = api(CREATE, headers=FORM, **body)
    assert answer.status == 201
    assert (answer.body["title"], answer.body["reference"]) == ("Test Report", None)
    assert (answer.body["user_id"], answer.body["version"]) == ("ada", 1)
    assert answer.headers["location"] == f"/reports/{answer.body['id']}"
    shown = api(SHOW, {"id": answer.body["id"]})
    assert (shown.status, shown.body) == (200, answer.body)
    assert len(reports.stored("k9-reports")) == 1


@pytest.mark.requirement("K-05", "K-77")
def test_a_report_is_stored_changed_shown_and_deleted(api: Api) -> None:
    report = created(api, author="Ada", date="2024-02-29", reference="R-1")
    path = {"id": report["id"]}
    change = {"version": 1, "title": "Better", "author": None, "date": "2026-01-31"}
    changed = api(CHANGE, path, body=change)
    assert changed.status == 200
    assert changed.body == {
        **report,
        "title": "Better",
        "author": None,
        "date": "2026-01-31",
        "updated_at": changed.body["updated_at"],
        "version": 2,
    }
    assert changed.body["updated_at"] > report["updated_at"]
    assert api(SHOW, path).body == changed.body
    assert api(LIST).body == {"reports": [changed.body], "cursor": None}
    deleted = api(DELETE, path)
    assert (deleted.status, deleted.body) == (204, None)
    assert api(SHOW, path).status == 404
    assert api(DELETE, path).status == 404


@pytest.mark.requirement("K-26")
def test_the_list_is_read_page_by_page_newest_first(api: Api) -> None:
    stored = [created(api)["id"] for _ in range(45)]
    for _ in range(3):
        created(api, user="bob")
    listed: list[str] = []
    sizes, query = [], ""
    for _ in range(3):
        page = api(LIST, query=query)
        sizes.append(len(page.body["reports"]))
        listed += [report["id"] for report in page.body["reports"]]
        query = f"cursor={page.body['cursor']}"
    assert sizes == [20, 20, 5]
    assert page.body["cursor"] is None
    assert listed == stored[::-1]


@pytest.mark.requirement("K-26", "K-06")
def test_a_cursor_of_another_user_is_refused(api: Api) -> None:
    for user in ("ada", "bob"):
        for _ in range(3):
            created(api, user=user)
    cursor = api(LIST, query="limit=2").body["cursor"]
    refused = api(LIST, query=f"limit=2&cursor={cursor}", user="bob")
    assert refused.status == 400
    assert api(LIST, query=f"limit=2&cursor={cursor}").status == 200
    assert len(api(LIST, user="bob").body["reports"]) == 3


@pytest.mark.requirement("K-06", "K-27", "K-28", "K-31")
def test_another_s_report_answers_as_one_that_is_not_there(api: Api) -> None:
    report = created(api)
    answers = []
    for name in (report["id"], "none"):
        path = {"id": name}
        favorite = {**path, "productId": "p"}
        answers += [
            api(SHOW, path, user="bob"),
            api(CHANGE, path, body={"version": 1, "title": "Mine"}, user="bob"),
            api(CHANGE, path, body={"version": 7, "title": "Mine"}, user="bob"),
            api(DELETE, path, user="bob"),
            api(DELETE, path, query="version=1", user="bob"),
            api(DELETE, path, query="version=7", user="bob"),
            api(FAVOR, favorite, user="bob"),
            api(DISFAVOR, favorite, user="bob"),
        ]
    assert {(answer.status, answer.body["path"]) for answer in answers} == {(404, "path.id")}
    assert len({str(answer.body) for answer in answers}) == 1
    assert api(SHOW, {"id": report["id"]}).body == report
    assert api(LIST, user="bob").body["reports"] == []


@pytest.mark.requirement("K-25", "K-06")
@pytest.mark.parametrize("field", ["id", "user_id", "created_at", "version", "favorites"])
def test_what_the_server_says_of_a_report_no_request_does(
    api: Api, reports: Reports, field: str
) -> None:
    answer = api(CREATE, body={"title": "A report", field: "x"})
    assert (answer.status, answer.body["path"]) == (400, f"body.{field}")
    assert reports.stored("k9-reports") == []


@pytest.mark.requirement("K-44")
def test_a_late_change_learns_of_the_version_that_is_there(api: Api) -> None:
    path = {"id": created(api)["id"]}
    assert api(CHANGE, path, body={"version": 1, "title": "First"}).status == 200
    late = api(CHANGE, path, body={"version": 1, "title": "Second"})
    assert (late.status, late.body["currentVersion"]) == (409, 2)
    assert late.body["path"] == "path"
    stale = api(DELETE, path, query="version=1")
    assert (stale.status, stale.body["currentVersion"]) == (409, 2)
    assert api(SHOW, path).body["title"] == "First"
    assert api(DELETE, path, query="version=2").status == 204


@pytest.mark.requirement("K-44")
def test_favourites_leave_the_version_alone(api: Api) -> None:
    report = created(api)
    path = {"id": report["id"]}
    for product in ("p-2", "p-1", "a;b c", "p-1"):
        assert api(FAVOR, {**path, "productId": product}).status == 200
    shown = api(SHOW, path).body
    assert shown == {**report, "favorites": ["a;b c", "p-1", "p-2"]}
    left = api(DISFAVOR, {**path, "productId": "p-1"})
    assert (left.status, left.body["favorites"]) == (200, ["a;b c", "p-2"])
    assert api(CHANGE, path, body={"version": 1, "title": "Changed"}).status == 200


@pytest.mark.parametrize(
    ("route", "path", "query", "body", "status", "where"),
    [
        (CREATE, {}, "", {}, 400, "body.title"),
        (CREATE, {}, "", {"title": ""}, 400, "body.title"),
        (CREATE, {}, "", {"title": "t" * 301}, 400, "body.title"),
        (CREATE, {}, "", {"title": "   "}, 400, "body.title"),
        (CREATE, {}, "", {"title": "a\0b"}, 400, "body.title"),
        (CREATE, {}, "", {"title": "a\nb"}, 400, "body.title"),
        (CREATE, {}, "", {"title": "t", "reference": "\x1b[0m"}, 400, "body.reference"),
        (CREATE, {}, "", {"title": "t", "author": "\u00a0"}, 400, "body.author"),
        (CREATE, {}, "", {"title": "t", "date": "2026-02-30"}, 400, "body.date"),
        (CREATE, {}, "", {"title": "t", "date": "10000-01-01"}, 400, "body.date"),
        (CREATE, {}, "", {"title": "t", "date": "soon"}, 400, "body.date"),
        (CHANGE, {"id": "r"}, "", {"version": 1, "date": "2026-02-30"}, 400, "body.date"),
        (CHANGE, {"id": "r"}, "", {"version": 1, "title": " "}, 400, "body.title"),
        (SHOW, {"id": "p\0"}, "", None, 400, "path.id"),
        (SHOW, {"id": ".."}, "", None, 400, "path.id"),
        (DELETE, {"id": "2026/01"}, "", None, 400, "path.id"),
        (LIST, {}, "limit=1e1", None, 400, "query.limit"),
        (LIST, {}, "limit=%D9%A1", None, 400, "query.limit"),
        (FAVOR, {"id": "r", "productId": "sku/1"}, "", None, 400, "path.productId"),
        (CREATE, {}, "", {"title": 5}, 400, "body.title"),
        (CREATE, {}, "", {"title": "t", "author": "a" * 301}, 400, "body.author"),
        (LIST, {}, "limit=0", None, 400, "query.limit"),
        (LIST, {}, "limit=101", None, 400, "query.limit"),
        (LIST, {}, "offset=20", None, 400, "query.offset"),
        (LIST, {}, "cursor=x", None, 400, None),
        (SHOW, {"id": "r" * 129}, "", None, 400, "path.id"),
        (CHANGE, {"id": "r"}, "", {"title": "t"}, 400, "body.version"),
        (CHANGE, {"id": "r"}, "", {"version": 1}, 400, "body"),
        (CHANGE, {"id": "r"}, "", {"version": 1, "title": None}, 400, "body.title"),
        (CHANGE, {"id": "r"}, "", {"version": 1, "user_id": "bob"}, 400, "body.user_id"),
        (DELETE, {"id": "r"}, "version=one", None, 400, "query.version"),
        (FAVOR, {"id": "r", "productId": "p" * 129}, "", None, 400, "path.productId"),
    ],
)
def test_a_wrong_request_is_refused_by_its_place(
    api: Api,
    route: str,
    path: dict[str, str],
    query: str,
    body: Any,
    status: int,
    where: str | None,
) -> None:
    answer = api(route, path, query=query, body=body)
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert where is None or answer.body["path"] == where


ROUTES = [(f.name, f"{r.method} {r.path}") for f in SYSTEM.functions for r in f.routes]
BODIES: dict[str, dict[str, Any]] = {
    "PATCH /profile": {"version": 1, "name": "Ada"},
    CREATE: {"title": "A report"},
    CHANGE: {"version": 1, "title": "Another"},
    "PUT /products/{productId}/embedding": {"model_version": "m", "embedding_vector": [1.0]},
}


@pytest.mark.requirement("K-38")
@pytest.mark.parametrize(("function", "route"), ROUTES)
def test_no_route_is_open_without_an_access_token(
    reports: Reports, function: str, route: str
) -> None:
    api = reports.app(function)
    query = "model_version=m" if route == "GET /embeddings" else ""
    path = {name: "p" for name in ("id", "productId") if f"{{{name}}}" in route}

    def status(**token: Any) -> int:
        return api(route, path, query=query, body=BODIES.get(route), **token).status

    assert status(user=None) == 401
    assert status(claims={"token_use": ""}) == 401
    assert status(claims={"token_use": "id"}) == 401
    assert [reports.stored(table.name) for table in SYSTEM.tables] == [[], [], []]
    access = {"token_use": "access", "cognito:groups": "[catalogue]"}
    assert status(claims=access) in (200, 201, 404)


def test_favourites_beyond_their_number_are_a_conflict(make_reports: MakeReports) -> None:
    api = make_reports(max_favorites=1).app("reports")
    path = {"id": created(api)["id"]}
    assert api(FAVOR, {**path, "productId": "a"}).status == 200
    refused = api(FAVOR, {**path, "productId": "b"})
    assert refused.status == 409
    assert refused.body == {
        "type": "urn:problem-type:conflict",
        "title": "Conflict",
        "status": 409,
        "detail": "the report has as many favourites as it may have: 1.",
        "path": "path.productId",
        "suggestion": "Remove a favourite first.",
        "instance": refused.body["instance"],
    }


@pytest.mark.parametrize("query", ["version=null", "version=NULL", "version=Null", "version="])
def test_a_report_is_not_deleted_by_a_version_that_is_not_a_number(api: Api, query: str) -> None:
    path = {"id": created(api)["id"]}
    refused = api("DELETE /reports/{id}", path, query=query)
    assert (refused.status, refused.body["path"]) == (400, "query.version")
    assert api("GET /reports/{id}", path).status == 200


@pytest.mark.requirement("K-31")
def test_a_failure_of_the_table_is_no_empty_list(api: Api, reports: Reports) -> None:
    created(api)
    reports.dynamodb.delete_table(TableName=f"k9-reports-{reports.environment}")
    for route, path in ((LIST, {}), (SHOW, {"id": "r"}), (DELETE, {"id": "r"})):
        assert api(route, path).status >= 500, route


@pytest.mark.requirement("K-73", "X-18")
def test_logs_tell_of_operations_and_nothing_of_users(
    api: Api, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    secrets = ("Zx-Title", "Zx-Author", "zx-user", "zx-product", "Zx-Ref")
    report = created(api, user="zx-user", title="Zx-Title", author="Zx-Author", reference="Zx-Ref")
    path = {"id": report["id"]}
    api(FAVOR, {**path, "productId": "zx-product"}, user="zx-user")
    api(CHANGE, path, body={"version": 9, "title": "Zx-Title"}, user="zx-user")
    api(SHOW, path, user="bob")
    api(LIST, user="zx-user", query="cursor=Zx-Title")
    api(CREATE, body={"title": "Zx-Title", "Zx-Author": 1}, user="zx-user")
    PROCESS.flush()
    written = capfd.readouterr()
    said = written.out + written.err + "".join(str(vars(record)) for record in caplog.records)
    assert "report-store" in said
    assert CREATE in said
    for secret in secrets:
        assert secret not in said
