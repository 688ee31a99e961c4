"""Conditions on a sort key: on an attribute, or on the fields of its key template."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from keyline.model.condition import Condition
from keyline.model.pattern import Query, compared_template, sort_parameters
from keyline.model.shape import annotation_of, fields_of
from keyline.run import values
from keyline.run.codec import key_text, value_of
from keyline.run.expressions import Expressions, compared, encoded, made
from keyline.run.fieldtext import NothingMatchesError
from keyline.run.keytext import Given, KeyText, check_key, check_length, pair
from keyline.run.scalars import Wire


def sort_condition(into: Expressions, pattern: Query[Any], condition: Condition) -> str:
    """Return the text of one sort key condition."""
    if compared_template(pattern.kind, condition) is not None:
        return _on_fields(into, pattern, condition)
    return _on_value(into, pattern, condition)


def partition_condition(
    into: Expressions, attribute: str, make: Callable[[Given], Wire | None]
) -> tuple[str, str]:
    """Return the text of an equality of a partition key attribute, and its placeholder."""
    place = into.place(attribute, lambda given: made(attribute, make, given))
    return f"{into.name(attribute)} = {place}", place


def _on_value(into: Expressions, pattern: Query[Any], condition: Condition) -> str:
    """Return a condition on an attribute as it is stored."""
    attribute = condition.attribute
    encode = value_of(pattern.kind, pattern.table, attribute).encode
    if condition.operator == "begins_with" and attribute in fields_of(pattern.kind.shape):
        # The beginning of a known value need not be one itself.
        encode = values.member_of(annotation_of(pattern.kind.shape, attribute)).encode
    limit = pattern.table.key_limits[attribute]

    def key(value: Any) -> Wire | None:
        wire = encode(value)
        return None if wire is None else check_key(condition.parameter, wire, limit)

    if condition.operator == "between":
        into.expect(lambda given: _refuse_reversed(condition.parameter, given, encode))
    return compared(into, condition, key, condition.parameter, into.name(attribute))


def _refuse_reversed(parameter: str, given: Given, encode: Callable[[Any], Wire | None]) -> None:
    """Refuse a range whose end is before its start.

    Such a range holds nothing, and DynamoDB refuses to be asked for it.
    """
    low, high = (encoded(parameter, encode, side) for side in pair(parameter, given[parameter]))
    ((tag, start),), ((_, end),) = low.items(), high.items()
    if (Decimal(start) > Decimal(end)) if tag == "N" else start > end:
        raise NothingMatchesError


def _on_fields(into: Expressions, pattern: Query[Any], condition: Condition) -> str:
    """Return a condition on a template's fields, as one on the text that they make.

    A range never leaves what begins with the fields before it, so that it meets no item of
    another kind that happens to sort after.
    """
    key = key_text(pattern.kind, pattern.table, condition.attribute)
    name, attribute = into.name(condition.attribute), condition.attribute
    fields = sort_parameters(pattern.kind, condition)
    if condition.operator == "=" and fields == key.template.fields:
        place = into.place(attribute, lambda given: made(attribute, key.wire, given))
        return f"{name} = {place}"
    if condition.operator in ("=", "begins_with"):
        make = _beginning(key, condition, fields)
        return f"begins_with({name}, {into.place(attribute, make)})"
    low = into.place(
        f"{attribute}_low", lambda given: {"S": key.bounds(given, fields, condition)[0]}
    )
    high = into.place(
        f"{attribute}_high", lambda given: {"S": key.bounds(given, fields, condition)[1]}
    )
    return f"{name} BETWEEN {low} AND {high}"


def _beginning(
    key: KeyText, condition: Condition, fields: tuple[str, ...]
) -> Callable[[Given], Wire]:
    """Return what all keys of a condition begin with."""
    by_field = condition.operator == "begins_with" and bool(fields)

    def make(given: Given) -> Wire:
        text = key.beginning(given, fields) if by_field else key.prefix(given, fields)
        named = fields[-1] if fields else condition.attribute
        check_length(named, text, key.limit)
        return {"S": text}

    return make
