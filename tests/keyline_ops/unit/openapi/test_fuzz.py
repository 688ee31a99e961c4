"""The fuzzer finds answers of an API that differ from its document."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from schemathesis.core.failures import FailureGroup

from tests.support.fuzz import Fuzzer, operations

STRING = {"type": "string"}
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Notes", "version": "1"},
    "paths": {
        "/notes/{noteId}": {
            "get": {
                "parameters": [
                    {
                        "name": "noteId",
                        "in": "path",
                        "required": True,
                        "schema": {"type": "string"},
                    },
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 9}},
                ],
                "responses": {
                    "200": {
                        "description": "OK",
                        "content": {"application/json": {"schema": {"type": "integer"}}},
                    },
                    "400": {"description": "Bad Request"},
                    "404": {"description": "Not Found"},
                },
            }
        }
    },
}
(OPERATION,) = operations(DOCUMENT)
Answer = tuple[int, str, str]
JSON = "application/json"


class Server(ThreadingHTTPServer):
    """Answers every GET with what a function makes of note and limit."""

    def __init__(self, answer: Callable[[str, str], Answer]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        limit = parse_qs(url.query, keep_blank_values=True).get("limit", ["1"])[0]
        if self.headers["Authorization"] != "Bearer token":
            status, kind, body = 401, JSON, "{}"
        else:
            status, kind, body = self.server.answer(url.path.rpartition("/")[2], limit)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def fuzz() -> Iterator[Callable[[Callable[[str, str], Answer]], Fuzzer]]:
    servers = []

    def started(answer: Callable[[str, str], Answer]) -> Fuzzer:
        server = Server(answer)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        url = f"http://127.0.0.1:{server.server_port}"
        return Fuzzer(DOCUMENT, url, "token", known={"noteId": "known"})

    yield started
    for server in servers:
        server.shutdown()
        server.server_close()


def right(note: str, limit: str) -> Answer:
    try:
        fits = int(limit) <= 9
    except ValueError:
        fits = False
    if not fits:
        return 400, JSON, "{}"
    return (200, JSON, "1") if note == "known" else (404, JSON, "{}")


def test_what_deletes_comes_last_and_the_deepest_first() -> None:
    paths: dict[str, dict[str, Any]] = {
        "/notes/{noteId}": {"delete": {}, "get": {}},
        "/notes/{noteId}/tags/{tag}": {"delete": {}, "put": {}},
    }
    assert operations({"paths": paths}) == [
        "GET /notes/{noteId}",
        "PUT /notes/{noteId}/tags/{tag}",
        "DELETE /notes/{noteId}/tags/{tag}",
        "DELETE /notes/{noteId}",
    ]


def test_an_api_that_keeps_its_word_passes_and_is_covered(fuzz: Any) -> None:
    with fuzz(right) as fuzzer:
        assert set(fuzzer.fuzz(OPERATION)) == {200, 400, 404}
        assert fuzzer.send_example(OPERATION) == 200
        assert sum(fuzzer.covered[OPERATION].values()) > 20


def test_the_requests_are_the_same_in_every_run(fuzz: Any) -> None:
    seen: list[list[tuple[str, str]]] = []

    def noted(note: str, limit: str) -> Answer:
        seen[-1].append((note, limit))
        return right(note, limit)

    for _ in range(2):
        seen.append([])
        with fuzz(noted) as fuzzer:
            fuzzer.fuzz(OPERATION)
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    ("says", "wrong"),
    [
        ("Server error", (500, JSON, "{}")),
        ("Undocumented status code", (418, JSON, "{}")),
        ("Undocumented Content-Type", (200, "text/plain", "1")),
        ("Response violates schema", (200, JSON, '"one"')),
    ],
)
def test_an_answer_that_is_not_in_the_document_fails(fuzz: Any, says: str, wrong: Answer) -> None:
    def answer(note: str, limit: str) -> Answer:
        return wrong if note == "known" else right(note, limit)

    with fuzz(answer) as fuzzer, pytest.raises(FailureGroup, match=says):
        fuzzer.fuzz(OPERATION)


def test_taking_what_the_document_does_not_allow_fails(fuzz: Any) -> None:
    with (
        fuzz(lambda *_: (200, JSON, "1")) as fuzzer,
        pytest.raises(FailureGroup, match="Schema-violating request"),
    ):
        fuzzer.fuzz(OPERATION)


def test_a_parameter_without_an_example_is_named(fuzz: Any) -> None:
    with fuzz(right) as fuzzer:
        fuzzer._known.clear()
        with pytest.raises(AssertionError, match="give an example of noteId"):
            fuzzer.send_example(OPERATION)
