"""CloudFormation's schemas of resource types: properties, and which of them replace a resource.

cfn-lint carries the schemas of CloudFormation's registry, which each of its releases brings up to
date. us-east-1 has every property.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from keyline_ops.plan.constants import Value, as_text, is_known

_REGION = "us-east-1"
_ORDERED = frozenset({"KeySchema", "SearchSchema"})
"""Lists of tables whose order means something; every other list of theirs is a set."""

Schema = Mapping[str, Any]


@cache
def schema_of(kind: str) -> Schema | None:
    """Return the schema of a resource type; None if CloudFormation publishes none."""
    # Most commands of a deployment ask for no schema, and cfn-lint brings a library of algebra.
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError

    try:
        found = PROVIDER_SCHEMA_MANAGER.get_resource_schema(_REGION, kind)
    except ResourceNotFoundError:
        return None
    return cast("Schema", found.schema)


@cache
def create_only(kind: str) -> frozenset[str]:
    """Return the properties of a type whose change replaces the resource.

    Those that do so under conditions count too: the schemas do not say under which.
    """
    schema = schema_of(kind) or {}
    paths = (
        *schema.get("createOnlyProperties", ()),
        *schema.get("conditionalCreateOnlyProperties", ()),
    )
    return frozenset(path.removeprefix("/properties/").split("/")[0] for path in paths)


def properties_of(kind: str) -> frozenset[str]:
    """Return the names of all properties of a type."""
    return frozenset((schema_of(kind) or {}).get("properties", ()))


def canonical(
    kind: str, properties: Mapping[str, Value], same: Callable[[str, str], bool]
) -> dict[str, Value]:
    """Return properties in one form for each meaning.

    A number or a truth value that is written as text becomes one, a list whose order means
    nothing is sorted, and an empty list or object is left out.

    Parameters
    ----------
    same
        Whether two texts are equal. The question is asked where a property has few values, and the
        template gives a constant.
    """
    return _Canonical(schema_of(kind) or {}, same).properties(properties)


def forbidden(kind: str, properties: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    """Yield the paths of values that the schema of a type does not allow, and why.

    Parameters
    ----------
    properties
        In canonical form. What nobody knows is allowed.
    """
    root = schema_of(kind) or {}
    yield from _forbidden(dict(properties), root, root, "")


def _forbidden(value: Value, schema: Schema, root: Schema, path: str) -> Iterator[tuple[str, str]]:
    schema = _resolved(schema, value, root)
    if isinstance(value, dict):
        known = schema.get("properties", {})
        for key, item in value.items():
            yield from _forbidden(item, known.get(key, {}), root, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for item in value:
            yield from _forbidden(item, schema.get("items", {}), root, f"{path}{_name_of(item)}")
    elif is_known(value) and schema.get("enum") and value not in schema["enum"]:
        yield path, f"is {value}, and takes only {', '.join(map(str, schema['enum']))}."
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        if value < schema.get("minimum", value):
            yield path, f"is {value}, which is less than {schema['minimum']}."
        if value > schema.get("maximum", value):
            yield path, f"is {value}, which is more than {schema['maximum']}."


def _name_of(item: Value) -> str:
    """Return how a path names an item of a list."""
    named = ("IndexName", "AttributeName", "Region")
    found = [as_text(item[key]) for key in named if key in item] if isinstance(item, dict) else []
    return f".{found[0]}" if found else ""


@dataclass(frozen=True)
class _Canonical:
    root: Schema
    same: Callable[[str, str], bool]

    def properties(self, given: Mapping[str, Value]) -> dict[str, Value]:
        found = self._value(dict(given), self.root, "")
        return found if isinstance(found, dict) else {}

    def _value(self, value: Value, schema: Schema, name: str) -> Value:
        schema = _resolved(schema, value, self.root)
        if isinstance(value, dict):
            known = schema.get("properties", {})
            items = {key: self._value(item, known.get(key, {}), key) for key, item in value.items()}
            return {key: item for key, item in items.items() if item not in (None, [], {})}
        if isinstance(value, list):
            listed = [self._value(item, schema.get("items", {}), name) for item in value]
            return listed if name in _ORDERED or schema.get("format") == "json" else _sorted(listed)
        return _scalar(self._decided(value, schema), schema)

    def _decided(self, value: Value, schema: Schema) -> Value:
        if is_known(value):
            return value
        choices = ("true", "false") if schema.get("type") == "boolean" else schema.get("enum", ())
        return next((each for each in choices if self.same(as_text(value), each)), value)


def _scalar(value: Value, schema: Schema) -> Value:
    kind, text = schema.get("type"), as_text(value)
    if kind == "boolean" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if kind in ("integer", "number"):
        try:
            return int(text) if kind == "integer" else float(text)
        except ValueError:
            return value
    return text if value is not None else None


def _resolved(schema: Schema, value: Value, root: Schema) -> Schema:
    for choice in (*schema.get("oneOf", ()), *schema.get("anyOf", ())):
        made = _resolved(choice, value, root)
        if made.get("type") in (_JSON_TYPES.get(type(value)), None) and "required" not in choice:
            return made
    if "$ref" in schema:
        target: Any = root
        for part in str(schema["$ref"]).removeprefix("#/").split("/"):
            target = target[part]
        return {**cast("Schema", target), **{k: v for k, v in schema.items() if k != "$ref"}}
    return schema


_JSON_TYPES: dict[type, str] = {dict: "object", list: "array", str: "string", bool: "boolean"}


def _sorted(items: list[Value]) -> list[Value]:
    return sorted(items, key=lambda item: json.dumps(item, sort_keys=True))
