"""Test how every route of every system describes a refusal: in words, by a part of the request.

The arguments of each handler are read as in its function. No handler is called.
"""

from __future__ import annotations

import ast
import importlib
import json
import re
import sys
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, get_type_hints
from urllib.parse import quote

import msgspec
import pytest
from msgspec import inspect

from keyline.errors import DeclarationError
from keyline.http import App, HttpError, Registered
from keyline.http.arguments import Arguments, arguments_of
from keyline.http.problem import PARTS
from keyline.http.request import Request
from keyline.http.response import check_headers
from keyline.inputs import PathId
from keyline.model import System
from keyline.model.http_headers import REQUEST_HEADERS
from keyline_deploy.project import ROOT
from keyline_deploy.systems import systems
from keyline_local import Deployment
from keyline_ops.openapi import files
from tests.support.events import event

SOURCES = sorted(ROOT.glob("lambda_src/**/*.py"))
INTERNALS = re.compile(
    r"`|\^|\(\?|\\[sdwSu]|\[A-Z|\bregex\b|\bint\b|\bstr\b|\bfloat\b|\bNone\b|Expected|Struct|msgspec"
)
TEXTS = ["", " ", "x", "..", "p\0", "a/b", "1e3", "1.5", "٣", "-1", "nan", "true", "x" * 5000]
VALUES: list[Any] = [None, True, -1, 1e99, "", " ", "p\0", "x" * 5000, [], [None], {}, {"x": None}]
STATUSES = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
}
BROKEN = ["{", "[1,]", "nul", '{"a": "\\ud800"}', '{"a": 1} x', "[" * 5000]


@pytest.fixture(scope="module")
def deployment(local_assembly: Path) -> Deployment:
    return files.deployment_of(local_assembly)


@pytest.fixture(params=systems(), ids=lambda system: system.name)
def registered(
    request: pytest.FixtureRequest, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> list[Registered]:
    """The routes of a system, with the handlers as its functions have them."""
    system: System = request.param
    found: list[Registered] = []
    for loaded in list(sys.modules):
        if loaded == f"{system.name}.context" or loaded.startswith(f"{system.name}.handlers"):
            monkeypatch.delitem(sys.modules, loaded)
    for function in system.functions:
        if function.routes:
            (deployed,) = [
                each
                for each in deployment.functions
                if each.environment.get("KEYLINE_SYSTEM") == system.name
                and each.environment.get("KEYLINE_FUNCTION") == function.name
            ]
            for variable, value in deployed.environment.items():
                monkeypatch.setenv(variable, value)
            monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # nobody is called
            monkeypatch.setenv("AWS_REGION", "eu-west-1")
            app = importlib.import_module(function.handler.rpartition(".")[0]).app
            assert isinstance(app, App)
            found += app.routes.values()
    return found


def arguments(route: Registered) -> Arguments:
    return arguments_of(route.function, route.method, route.path, route.options.rules, "route")


def refusals(route: Registered) -> Iterator[HttpError]:
    """Yield what is raised for parameters and bodies of every kind that do not fit."""
    reads, hints = arguments(route), get_type_hints(route.function, include_extras=True)
    name = f"{route.method} {route.path}"
    in_path = re.findall(r"{(\w+)}", route.path)
    for text in TEXTS:
        for parameter in in_path:
            yield from refused(reads, event(name, {**dict.fromkeys(in_path, "1"), parameter: text}))
        for parameter in [*fields(hints.get("query")), "no-such"]:
            query = f"{parameter}={quote(text)}"
            yield from refused(reads, event(name, dict.fromkeys(in_path, "1"), query))
    if "body" in hints:
        for text in (*BROKEN, *map(json.dumps, bodies(hints["body"]))):
            asked = event(name, dict.fromkeys(in_path, "1"), text=text)
            yield from refused(reads, asked)
        for kind in ("", "text/plain", "application/json; charset=latin-1", "a; b"):
            headers = {"content-type": kind}
            yield from refused(reads, event(name, {}, body={}, headers=headers))


def refused(reads: Arguments, asked: dict[str, Any]) -> Iterator[HttpError]:
    """Yield what each argument says: another one may be refused before it is read."""
    asked["requestContext"]["authorizer"] = {"jwt": {"claims": {"sub": "ada"}}}
    for read in reads.readers.values():
        try:
            read(Request(asked))
        except HttpError as error:
            yield error


def fields(annotation: Any) -> list[str]:
    if not (isinstance(annotation, type) and issubclass(annotation, msgspec.Struct)):
        return []
    return [field.encode_name for field in msgspec.structs.fields(annotation)]


def bodies(annotation: Any) -> Iterator[Any]:
    """Yield each value in place of the body, of each member, and of each member of a member."""
    yield from VALUES
    for field in fields(annotation):
        for value in VALUES:
            yield from ({field: value}, {field: [value]}, {field: [{"x": value}]})
    yield {"no-such": 1}


@pytest.mark.timeout(120)
def test_every_refusal_is_in_words_and_names_a_part_of_the_request(
    registered: list[Registered],
) -> None:
    said: dict[str, int] = {}
    for route in registered:
        for error in refusals(route):
            said[route.path] = said.get(route.path, 0) + 1
            text = f"{error.message} {error.suggestion}"
            assert not INTERNALS.search(text), (route.path, error.path, text)
            assert error.path.partition(".")[0].partition("[")[0] in PARTS, error.path
            assert error.message.endswith(".") and error.suggestion != error.message
            assert error.status in STATUSES
    with_arguments = {r.path for r in registered if {"{", "query", "body"} & asks_for(r)}
    assert with_arguments <= set(said)


def asks_for(route: Registered) -> set[str]:
    return {*get_type_hints(route.function), *("{" for _ in range("{" in route.path))}


def test_an_identifier_of_a_path_is_refused_alike_by_its_type_and_by_the_router(
    registered: list[Registered],
) -> None:
    """A text of a path has the type that bodies and files can have too."""
    for route in registered:
        hints = get_type_hints(route.function, include_extras=True)
        for parameter in re.findall(r"{(\w+)}", route.path):
            decoder = msgspec.json.Decoder(hints[parameter])
            for text in ("..", "p\0", "a/b", "a\\b", "", "a\n"):
                with pytest.raises(msgspec.ValidationError):
                    decoder.decode(msgspec.json.encode(text))


def calls(name: str) -> Iterator[tuple[Path, ast.Call]]:
    """Yield every call of a function or class of this name in the sources of functions."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) == name:
                yield path, node


@pytest.mark.parametrize(("name", "position"), [("HttpError", 1), ("Refusal", 1), ("missing", 0)])
def test_every_path_that_a_source_writes_is_a_part_of_the_request(name: str, position: int) -> None:
    written = [
        (path.name, argument.value)
        for path, node in calls(name)
        for argument in node.args[position : position + 1]
        if isinstance(argument, ast.Constant)
    ]
    assert written
    for where, text in written:
        assert str(text).partition(".")[0] in PARTS, (where, text)


def headers_in_sources() -> Iterator[str]:
    """Yield the names of headers that sources write: as an argument, a member or a constant."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "headers":
                yield from keys(node.value)
            elif "headers" in named(node).lower():
                yield from keys(node)


def named(node: ast.AST) -> str:
    """Return the name of a function or of a constant with a type."""
    if isinstance(node, ast.FunctionDef):
        return node.name
    return ast.unparse(node.target) if isinstance(node, ast.AnnAssign) else ""


def keys(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Dict):
            yield from (str(key.value) for key in inner.keys if isinstance(key, ast.Constant))


def test_every_header_that_an_app_sends_is_exposed() -> None:
    found = set(headers_in_sources())
    assert {"Location", "RateLimit", "Retry-After", "WWW-Authenticate"} <= found
    check_headers(found)


def test_every_header_that_an_app_reads_is_allowed() -> None:
    """One place reads headers, and it reads only what is declared."""
    reading = [
        path.relative_to(ROOT).as_posix()
        for path in SOURCES
        if re.search(r"event(\.get\(|\[)[\"']headers", path.read_text(encoding="utf-8"))
    ]
    assert reading == ["lambda_src/keyline/http/request.py"]
    asked = Request({"headers": {name: name for name in (*REQUEST_HEADERS, "x-other")}})
    assert [asked.header(name) for name in REQUEST_HEADERS] == [*REQUEST_HEADERS]
    with pytest.raises(DeclarationError, match="REQUEST_HEADERS"):
        asked.header("x-other")


def test_the_words_of_a_shared_type_tell_its_pattern() -> None:
    info = inspect.type_info(PathId)
    assert isinstance(info, inspect.Metadata)
    assert "without a slash" in str(info.extra)
