"""An OpenAPI document as a page: every operation with its parameters, bodies and answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from keyline_ops.docs import table_row

_METHODS = ("get", "post", "put", "patch", "delete")

Document = Mapping[str, Any]


def page(document: Document) -> str:
    """Return the page of a document."""
    info = document["info"]
    lines = [f"# {info['title']}: the API", "", info.get("description", ""), ""]
    lines += ["The document itself: [openapi.json](openapi.json).", ""]
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                lines += [*_operation(document, f"{method.upper()} {path}", item[method]), ""]
    lines += ["## Types", ""]
    for name, schema in document["components"].get("schemas", {}).items():
        lines += [*_schema(name, schema), ""]
    return "\n".join(lines)


def _operation(document: Document, name: str, operation: Document) -> Iterator[str]:
    yield f"## {name}"
    yield ""
    yield operation.get("summary", "")
    if description := operation.get("description"):
        yield ""
        yield description
    if parameters := operation.get("parameters"):
        yield ""
        yield table_row("parameter", "in", "type", "what")
        yield "|---|---|---|---|"
        for each in parameters:
            needed = "" if each.get("required") else " (optional)"
            cells = (f"`{each['name']}`{needed}", each["in"], _type(each["schema"]))
            yield table_row(*cells, _line(each.get("description", "")))
    if body := operation.get("requestBody"):
        for kind, content in body["content"].items():
            yield ""
            yield f"Body, `{kind}`: {_type(content['schema'])}. {body.get('description', '')}"
            if "example" in content:
                yield from ("", "```json", *_json(content["example"]), "```")
    yield ""
    yield table_row("answer", "what", "body")
    yield "|---|---|---|"
    for status, answer in operation["responses"].items():
        found = _resolved(document, answer)
        bodies = [_type(each["schema"]) for each in found.get("content", {}).values()]
        yield table_row(status, _line(found.get("description", "")), ", ".join(bodies))


def _schema(name: str, schema: Document) -> Iterator[str]:
    yield f"### {name}"
    yield ""
    yield _line(schema.get("description", ""))
    properties = schema.get("properties", {})
    if not properties:
        yield ""
        yield f"Type: {_type(schema)}"
        return
    required = schema.get("required", ())
    yield ""
    yield table_row("field", "type", "what")
    yield "|---|---|---|"
    for field, each in properties.items():
        optional = "" if field in required else " (optional)"
        cells = (f"`{field}`{optional}", _type(each))
        yield table_row(*cells, _line(each.get("description", "")))


def _type(schema: Document) -> str:
    """Say the type of a value in a few words: a schema of ours is a link to its section."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(_type(each) for each in schema[several])
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(each)}`" for each in schema["enum"])
    kind = schema.get("type", "any value")
    if isinstance(kind, list):
        return " or ".join(kind)
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    bounds = [f"{key} {schema[key]}" for key in _BOUNDS if key in schema]
    return f"{kind} ({', '.join(bounds)})" if bounds else str(kind)


_BOUNDS = ("format", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems")


def _resolved(document: Document, answer: Document) -> Document:
    name = answer.get("$ref", "").rpartition("/")[2]
    found: Document = document["components"]["responses"][name] if name else answer
    return found


def _line(text: str) -> str:
    return " ".join(text.split())


def _json(value: object) -> list[str]:
    return json.dumps(value, indent=2, ensure_ascii=False).splitlines()
