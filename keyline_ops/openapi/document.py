"""The OpenAPI 3.1 document of a system's API."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from keyline.http import JSON, PROBLEM_JSON, REPLAYED, App, Problem, phrase_of
from keyline_ops.openapi.docstrings import plain
from keyline_ops.openapi.examples import example_of, problem_example
from keyline_ops.openapi.operations import Operation
from keyline_ops.openapi.schemas import Schemas, text_schema

VERSION = "1"
"""Of every API: raised when a change breaks those who call it."""

_ABOUT = (
    "Every request needs a bearer token. Errors are problem documents (RFC 9457) that say what "
    "is wrong, where, and what would put it right; what API Gateway refuses by itself has a "
    "`message`. A page's `cursor` gives the next page to the same caller only; the last page "
    "has none."
)
_GATEWAY_ANSWERS = frozenset({401, 403, 413, 429, 500, 503})
_HEADERS = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}


class Refusal(msgspec.Struct):
    """The answers that API Gateway gives by itself, without asking a function."""

    message: str


def document(apps: Sequence[App], server: str = "") -> dict[str, Any]:
    """Describe the API of a system.

    Parameters
    ----------
    apps
        The parts of one system's API, with their handlers registered.
    server
        The URL of the API; empty where the document is of no particular one.

    Raises
    ------
    KeylineError
        If a handler does not say what it answers, or its example does not fit its body.
    """
    system = apps[0].system
    operations = list(_operations(apps))
    schemas = Schemas([Problem, Refusal, *(each for o in operations for each in o.types)])
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        method = operation.route.method.lower()
        paths.setdefault(operation.route.path, {})[method] = _described(operation, schemas)
    used = {operation.function.name: operation.function for operation in operations}
    statuses = sorted({status for operation in operations for status in operation.problems})
    problems = {_problem_name(status): _problem(status, schemas) for status in statuses}
    return {
        "openapi": "3.1.0",
        "info": {"title": system.title, "version": VERSION, "description": _ABOUT},
        **({"servers": [{"url": server}]} if server else {}),
        "tags": [{"name": name, "description": each.why} for name, each in used.items()],
        "paths": paths,
        "components": {
            "schemas": schemas.used_by([paths, problems]),
            "responses": problems,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
        },
    }


def _operations(apps: Sequence[App]) -> Iterator[Operation]:
    """Yield the operations in the order in which the system declares its routes."""
    registered = {route: handler for app in apps for route, handler in app.routes.items()}
    for function in apps[0].system.functions:
        for route in function.routes:
            handler = registered.get(f"{route.method} {route.path}")
            if handler is not None:
                yield Operation(function, route, handler)


def _described(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": operation.id,
        "tags": [operation.function.name],
        "summary": plain(operation.doc.summary),
        "security": [{"bearer": [operation.route.scope] if operation.route.scope else []}],
    }
    if operation.doc.description:
        found["description"] = operation.doc.description
    parameters = list(_parameters(operation, schemas))
    if parameters:
        found["parameters"] = parameters
    if operation.takes_body:
        found["requestBody"] = _body(operation, schemas)
    found["responses"] = _responses(operation, schemas)
    return found


def _parameters(operation: Operation, schemas: Schemas) -> Iterator[dict[str, Any]]:
    about = operation.doc.entries
    for name, annotation in operation.path_parameters.items():
        schema = schemas.of(annotation)
        yield _parameter(name, "path", {"description": about.get(name, "")} | schema, True)
    if operation.query is not None:
        for name, schema, required in schemas.fields_of(operation.query):
            yield _parameter(name, "query", text_schema(schema), required)
    for header in operation.headers:
        yield _parameter(header.name, "header", schemas.of(header.type), False)


def _parameter(name: str, place: str, schema: dict[str, Any], required: bool) -> dict[str, Any]:
    """Describe a parameter. An example on it is what the page sends: an optional one has none."""
    left = dict(schema)
    description = left.pop("description", "")
    examples = left.get("examples", ()) if required else ()
    return {
        "name": name,
        "in": place,
        **({"description": description} if description else {}),
        "required": required,
        "schema": left,
        **({"example": examples[0]} if examples else {}),
    }


def _body(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    options = operation.handler.options
    content: dict[str, Any] = {"schema": schemas.of(operation.body)}
    example = example_of(operation, schemas)
    if example is not None:
        content["example"] = example
    notes = [f"At most {options.rules.limit:,} bytes."]
    if options.rules.any_type:
        notes.append("It is read as JSON whatever its content type says.")
    return {"required": True, "description": " ".join(notes), "content": {JSON: content}}


def _responses(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for status, answer in operation.answers:
        found[str(int(status))] = {"description": phrase_of(HTTPStatus(status))}
        headers = _answer_headers(operation)
        if headers:
            found[str(int(status))]["headers"] = headers
        if status != HTTPStatus.NO_CONTENT:
            found[str(int(status))]["content"] = {JSON: {"schema": schemas.of(answer)}}
    for status in operation.problems:
        found[str(int(status))] = {"$ref": f"#/components/responses/{_problem_name(status)}"}
    return found


def _answer_headers(operation: Operation) -> dict[str, Any]:
    """Describe the headers of a successful answer that follow from what the route is."""
    found: dict[str, Any] = {}
    if operation.is_versioned:
        found["ETag"] = {
            "description": "The version, for `If-Match`.",
            "schema": {"type": "string"},
        }
    if "key" in operation.hints:
        found[REPLAYED] = {
            "description": "The key came with an earlier try; the answer is that of the first.",
            "schema": {"type": "string", "enum": ["true"]},
        }
    return found


def _problem_name(status: int) -> str:
    return phrase_of(HTTPStatus(status)).title().replace(" ", "").replace("-", "")


def _problem(status: int, schemas: Schemas) -> dict[str, Any]:
    phrase = phrase_of(HTTPStatus(status))
    content: dict[str, Any] = {
        PROBLEM_JSON: {"schema": schemas.of(Problem), "example": problem_example(status)}
    }
    if status in _GATEWAY_ANSWERS:
        content[JSON] = {"schema": schemas.of(Refusal), "example": {"message": phrase}}
    found: dict[str, Any] = {"description": phrase, "content": content}
    if status in _HEADERS:
        found["headers"] = {_HEADERS[status]: {"schema": {"type": "string"}}}
    return found
