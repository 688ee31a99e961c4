"""An API's OpenAPI document and the page that shows it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from openapi_spec_validator import validate

from keyline_local.api.gateway import Gateway
from keyline_local.resources import Api, Deployment, Function, Route
from keyline_ops.openapi.pages import Pages

if TYPE_CHECKING:
    from tests.keyline_local.e2e.functions.host import Host

ECHO = """
    def handler(event, context):
        return event["routeKey"]
"""
HANDLERS = '''
import os

import msgspec

from keyline.http import App
from keyline.model import Function, Get, Key, Route, System, Table


class Note(msgspec.Struct):
    noteId: str


TABLE = Table("Notes", "Key design: one note an item.", key=Key("noteId"), entities=(Note,))
GET = Get(name="g", why="w", table=TABLE, shape=Note, item_bytes=100, per_month=1)
FUNCTION = Function(
    name="read", handler="app.handler", why="Reads.", patterns=(GET,),
    routes=(Route("GET", "/notes/{noteId}"),),
)
app = App(System(name="notes", title=os.environ["TITLE"], tables=(TABLE,), functions=(FUNCTION,)))
print("what a handler prints is not a part of the document")


@app.get("/notes/{noteId}")
def read(noteId: str) -> Note:
    """Show a note."""
    return Note(noteId)


handler = app.handler
'''


class Served:
    """An API with its pages, and the source of its handlers."""

    def __init__(self, host: Host, http: httpx.Client, root: Path, stage: str) -> None:
        self.source = host.folder / "src" / "app" / "__init__.py"
        self.source.parent.mkdir(parents=True)
        self.source.write_text(HANDLERS)
        self._http = http
        function = host.function(
            ECHO,
            sources=[self.source.parent],
            environment={"KEYLINE_SYSTEM": "notes", "TITLE": "Notes"},
        )
        route = Route(key="GET /notes/{noteId}", function=function.name)
        self.gateway = _gateway(host, function, root, route, stage)

    def get(self, path: str) -> httpx.Response:
        return self._http.get(self.gateway.url + path)

    def page(self, path: str) -> httpx.Response:
        return self._http.get(f"http://127.0.0.1:{self.gateway.port}/_keyline/{path}")


def _gateway(host: Host, function: Function, root: Path, route: Route, stage: str) -> Gateway:
    api = Api(logical_id="Api", api_id="abc", name="notes", stage=stage, routes=[route])
    deployment = Deployment(
        environment="local",
        region="us-east-1",
        account="123456789012",
        tables=(),
        functions=[function],
        apis=[api],
        mappings=(),
        schedules=(),
        outputs={},
        skipped={},
    )
    functions = host.functions(function)
    return host.gateway(api, functions, extra_routes=Pages(api, deployment, root).routes())


@pytest.fixture
def served(host: Host, http: httpx.Client, root: Path, request: pytest.FixtureRequest) -> Served:
    return Served(host, http, root, getattr(request, "param", "$default"))


@pytest.mark.parametrize("served", ["$default", "v1"], indirect=True)
def test_the_document_is_of_the_running_api(served: Served) -> None:
    answer = served.page("openapi.json")
    assert answer.status_code == 200, answer.text
    document = answer.json()
    validate(document)
    assert document["servers"] == [{"url": served.gateway.url}]
    assert document["info"]["title"] == "Notes"  # as its function's environment has it
    (path,) = document["paths"]
    assert served.get(path.replace("{noteId}", "n")).text == "GET /notes/{noteId}"


def test_the_page_needs_nothing_but_this_server(served: Served) -> None:
    page = served.page("docs")
    assert page.headers["content-type"].startswith("text/html")
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert {"docs/swagger-ui.css", "docs/swagger-ui-bundle.js", "openapi.json"} <= set(links)
    assert {"docs/tokens.css", "docs/page.css"} <= set(links)
    links.remove("./")  # the platform's index
    for link in links:
        assert served.page(link).status_code == 200, link
    assert "SwaggerUIBundle" in served.page("docs/swagger-ui-bundle.js").text
    assert served.page("docs/swagger-ui.css").headers["content-type"].startswith("text/css")
    assert "http" not in page.text  # no address of anybody else


def test_the_page_fits_a_phone_and_follows_the_theme_of_the_browser(served: Served) -> None:
    page = served.page("docs").text
    assert '<html lang="en">' in page
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page
    assert '<meta name="color-scheme" content="light dark">' in page
    assert "prefers-color-scheme: dark" in page
    assert re.search(r"<title>\S+</title>", page)
    assert "<pre" not in page  # Swagger UI would inherit `white-space: pre`
    assert '<main id="page"></main>' in page


@pytest.mark.parametrize("name", ["package.json", "index.html", "%2e%2e%2fpackage.json"])
def test_no_other_file_is_served(served: Served, name: str) -> None:
    assert served.page(f"docs/{name}").status_code == 404


def test_the_document_is_that_of_the_saved_handlers_and_a_broken_one_hurts_nothing_else(
    served: Served,
) -> None:
    def summary() -> str:
        document = served.page("openapi.json").json()
        return str(document["paths"]["/notes/{noteId}"]["get"]["summary"])

    assert summary() == "Show a note."
    served.source.write_text(HANDLERS.replace("Show a note.", "Show it now."))
    assert summary() == "Show it now."

    served.source.write_text(HANDLERS + "\nraise RuntimeError('the edit is broken')\n")
    answer = served.page("openapi.json")
    assert answer.status_code == 500
    assert "the edit is broken" in answer.json()["message"]
    assert served.page("docs").status_code == 200
    assert served.get("/notes/n").status_code == 200

    served.source.write_text(HANDLERS)
    assert summary() == "Show a note."


def test_a_missing_package_is_told_and_hurts_nothing_else(
    host: Host, http: httpx.Client, tmp_path: Path
) -> None:
    served = Served(host, http, tmp_path / "empty", "$default")
    answer = served.page("docs/swagger-ui.css")
    assert (answer.status_code, "make setup" in answer.json()["message"]) == (404, True)
    assert served.get("/notes/n").status_code == 200


def test_an_api_that_is_not_ours_has_no_pages(host: Host, http: httpx.Client, root: Path) -> None:
    function = host.function(ECHO)
    route = Route(key="$default", function=function.name)
    gateway = _gateway(host, function, root, route, "$default")
    assert http.get(f"{gateway.url}/_keyline/docs").text == "$default"
