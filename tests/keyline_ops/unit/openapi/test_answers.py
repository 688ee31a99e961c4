"""Test that what the documents of the systems show of an answer is what an answer looks like."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keyline_deploy.systems import folder, names

SAID = ("examples", "enum", "const", "default")


def document(system: str, root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder(system, root) / "openapi.json").read_text())
    return found


def operations(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in found["paths"].values():
        yield from path.values()


def answers(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the schemas of the answers of success."""
    for operation in operations(found):
        for response in operation["responses"].values():
            for content in response.get("content", {}).values():
                yield content["schema"]


def unsaid(
    schema: dict[str, Any], place: str, schemas: dict[str, Any], seen: set[str]
) -> Iterator[str]:
    """Yield the values that a page could only show as "string" or 0."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name not in seen:
            seen.add(name)
            for field, each in schemas[name].get("properties", {}).items():
                yield from unsaid(each, f"{name}.{field}", schemas, seen)
    elif any(word in schema for word in SAID) or schema == {"type": "null"}:
        return
    elif "anyOf" in schema:
        for option in schema["anyOf"]:
            yield from unsaid(option, place, schemas, seen)
    elif schema.get("type") == "array":
        yield from unsaid(schema["items"], place, schemas, seen)
    else:
        yield place


@pytest.mark.parametrize("system", names())
def test_every_value_of_an_answer_has_an_example(system: str, root: Path) -> None:
    found = document(system, root)
    schemas = found["components"]["schemas"]
    seen: set[str] = set()
    missing = [each for schema in answers(found) for each in unsaid(schema, "", schemas, seen)]
    assert seen
    assert missing == [], "say what they look like: Annotated[str, msgspec.Meta(examples=[...])]"


@pytest.mark.parametrize("system", names())
def test_every_path_parameter_has_an_example_and_summaries_are_plain(
    system: str, root: Path
) -> None:
    for operation in operations(document(system, root)):
        assert "`" not in operation["summary"]
        parameters = [each for each in operation.get("parameters", ()) if each["in"] == "path"]
        assert all("example" in each for each in parameters), operation["operationId"]
