"""Derive the filter of a Lambda event source mapping from a stream source.

A stream record holds a number as text: `{"N": "5"}`. The filter is derived with the attribute's
type, so a number is written as DynamoDB writes it. A comparison that Lambda would accept and
never match cannot be declared.

The operators are in the table "Filter rule syntax" of the Lambda developer guide
(invocation-eventfiltering).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from keyline.model.entity import Entity
from keyline.model.number import plain
from keyline.model.shape import Field, fields_of
from keyline.model.stream_source import AnythingBut, Exists, Prefix, StreamSource, Where
from keyline.model.table import Table

_ABSENT: Final = {"exists": False}


TTL_PRINCIPAL = "dynamodb.amazonaws.com"
"""Who deletes expired items, as stream records name it (DynamoDB developer guide, "DynamoDB
Streams and Time to Live")."""


def stream_filter_of(source: StreamSource) -> Mapping[str, Any] | None:
    """Return the filter of the records that a source receives; None if it receives all.

    Lambda joins the fields of a filter by "and", and the rules of one field by "or".
    """
    pattern: dict[str, Any] = {"eventName": list(source.events)} if source.events else {}
    if source.expired:
        pattern["userIdentity"] = {"type": ["Service"], "principalId": [TTL_PRINCIPAL]}
    kind = source.kind
    images = {n: _image(source.table, kind, w) for n, w in source.images.items()} if kind else {}
    rules = {name: image for name, image in images.items() if image}
    return {**pattern, "dynamodb": rules} if rules else pattern or None


def _image(table: Table, kind: Entity, where: Where) -> dict[str, Any]:
    fields = fields_of(kind.shape)
    rules = {name: _rules(fields[name], condition) for name, condition in where.items()}
    if table.discriminator is not None:
        rules[table.discriminator] = {"S": [kind.tag]}
    return rules


def _rules(field: Field, condition: Any) -> dict[str, Any]:
    """Return the rules of one attribute, by the type that a record stores it with.

    An absent attribute stands for the field's default. `NULL` stands for None where the default
    is another value.
    """
    if isinstance(condition, Exists):
        if field.defaulted:
            return {"NULL": [_ABSENT] if condition.wanted else [True]}
        return {field.type: [{"exists": condition.wanted}]}
    rules: list[Any] = _value_rules(field, condition)
    if not field.defaulted or not _holds(condition, field.default):
        return {field.type: rules}
    null = {"NULL": [_ABSENT]} if field.optional else {}
    return {field.type: [*rules, _ABSENT], **null}


def _value_rules(field: Field, condition: Any) -> list[Any]:
    if isinstance(condition, Prefix):
        return [{"prefix": condition.text}]
    if isinstance(condition, AnythingBut):
        return [{"anything-but": [_stored(field, value) for value in condition.values]}]
    return [_stored(field, value) for value in condition]


def _holds(condition: Any, value: Any) -> bool:
    """Tell whether a value satisfies a condition on values."""
    if isinstance(condition, Prefix):
        return str(_plain_value(value)).startswith(condition.text)
    if isinstance(condition, AnythingBut):
        return value not in condition.values
    return value in condition


def _stored(field: Field, value: Any) -> str | bool:
    """Return a value as a stream record holds it."""
    value = _plain_value(value)
    return plain(Decimal(str(value))) if field.type == "N" else value


def _plain_value(value: Any) -> Any:
    return value.value if isinstance(value, enum.Enum) else value
