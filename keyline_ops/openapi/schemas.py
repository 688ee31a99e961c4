"""JSON Schemas of the types in handlers' signatures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from keyline_ops.openapi.docstrings import Docstring

Schema = dict[str, Any]

_PREFIX = "#/components/schemas/"


class Schemas:
    """The schemas of all types of a document, made at once so that each name means one type.

    Parameters
    ----------
    types
        What msgspec can decode.

    Attributes
    ----------
    components
        The schemas of the Structs, by name.
    """

    def __init__(self, types: Iterable[Any]) -> None:
        found = list(dict.fromkeys(types))
        schemas, components = msgspec.json.schema_components(
            found, ref_template=f"{_PREFIX}{{name}}"
        )
        self._by_type: dict[Any, Schema] = dict(zip(found, map(_mended, schemas), strict=True))
        self.components = {
            name: _documented(_mended(schema)) for name, schema in sorted(components.items())
        }

    def of(self, annotation: Any) -> Schema:
        """Return the schema of one of the types: a reference where it is a Struct."""
        return self._by_type[annotation]

    def fields_of(self, shape: type[msgspec.Struct]) -> Iterator[tuple[str, Schema, bool]]:
        """Yield each field of a Struct: its name outside, its schema, whether it is required."""
        schema = self.components[self.of(shape)["$ref"].removeprefix(_PREFIX)]
        descriptions: dict[str, str] = {}
        for base in reversed(shape.__mro__):
            descriptions |= Docstring.of(vars(base).get("__doc__")).entries
        for field in msgspec.structs.fields(shape):
            name = field.encode_name
            about = descriptions.get(field.name)
            described = {"description": about} if about else {}
            yield name, described | schema["properties"][name], name in schema["required"]

    def used_by(self, parts: Any) -> dict[str, Schema]:
        """Return the components that parts of a document refer to, directly or not."""
        found: set[str] = set()
        waiting = _references(parts)
        while waiting:
            found |= waiting
            waiting = _references([self.components[name] for name in waiting]) - found
        return {name: schema for name, schema in self.components.items() if name in found}


def text_schema(schema: Schema) -> Schema:
    """Return the schema of a parameter, which is left out where a field may be null."""
    options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    if not options:
        return schema
    left = {key: value for key, value in schema.items() if key != "anyOf"}
    if left.get("default", ...) is None:
        del left["default"]
    return left | (options[0] if len(options) == 1 else {"anyOf": options})


def _references(part: Any) -> set[str]:
    if isinstance(part, list):
        return set().union(*map(_references, part))
    if not isinstance(part, Mapping):
        return set()
    own = part.get("$ref")
    named = isinstance(own, str) and own.startswith(_PREFIX)
    found = {str(own).removeprefix(_PREFIX)} if named else set()
    return found.union(*map(_references, part.values()))


def _mended(schema: Any) -> Any:
    """Return the schema with decimals as the numbers that they are in our JSON."""
    if isinstance(schema, list):
        return [_mended(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    if schema.get("format") == "decimal":
        left = {key: value for key, value in schema.items() if key != "format"}
        if "default" in left:
            left["default"] = float(left["default"])
        return left | {"type": "number"}
    return {key: _mended(value) for key, value in schema.items()}


def _documented(schema: Schema) -> Schema:
    """Return the schema with the attributes of its docstring where the attributes are."""
    doc = Docstring.of(schema.get("description"))
    properties = {
        name: ({"description": doc.entries[name]} if doc.entries.get(name) else {}) | each
        for name, each in schema.get("properties", {}).items()
    }
    described = {"description": doc.text} if doc.text else {}
    left = {key: value for key, value in schema.items() if key != "description"}
    return {**left, **described, **({"properties": properties} if properties else {})}
