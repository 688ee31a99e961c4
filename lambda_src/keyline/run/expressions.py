"""Expressions in which no attribute's name and no value stands as itself.

Any name may be one of DynamoDB's 573 reserved words; an alias never is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from keyline.model.condition import AnyOf, Condition, WriteCondition
from keyline.run import values
from keyline.run.codec import value_of
from keyline.run.errors import BadCall, BadValue
from keyline.run.values import Wire

_PLAIN = re.compile(r"[A-Za-z0-9_]+")

Make = Callable[[Mapping[str, Any]], Wire]
"""The values of a call by name → the value of a placeholder."""


class Expressions:
    """The names and placeholders of one request.

    Attributes
    ----------
    names
        Alias → attribute: the request's ExpressionAttributeNames.
    makers
        Placeholder → what makes its value from the values of a call.
    """

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.makers: dict[str, Make] = {}

    def name(self, attribute: str) -> str:
        """The alias of an attribute."""
        alias = f"#{attribute}" if _PLAIN.fullmatch(attribute) else f"#{attribute.encode().hex()}"
        self.names[alias] = attribute
        return alias

    def place(self, hint: str, make: Make) -> str:
        """A placeholder of its own for a value."""
        stem = hint if _PLAIN.fullmatch(hint) else hint.encode().hex()
        placeholder, n = f":{stem}", 1
        while placeholder in self.makers:
            n += 1
            placeholder = f":{stem}_{n}"
        self.makers[placeholder] = make
        return placeholder

    def parameters(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The request's ExpressionAttributeNames and -Values, as far as there are any."""
        out: dict[str, Any] = {}
        if self.names:
            out["ExpressionAttributeNames"] = self.names
        if self.makers:
            out["ExpressionAttributeValues"] = {p: make(given) for p, make in self.makers.items()}
        return out


def conditions(into: Expressions, pattern: Any, declared: Iterable[WriteCondition]) -> list[str]:
    """The text of a write's conditions, each to be joined with AND."""
    return [_write_condition(into, pattern, c) for c in declared]


def _write_condition(into: Expressions, pattern: Any, condition: WriteCondition) -> str:
    if isinstance(condition, AnyOf):
        parts = [_comparison(into, pattern, c) for c in condition.conditions]
        return f"({' OR '.join(parts)})"
    return _comparison(into, pattern, condition)


def _comparison(into: Expressions, pattern: Any, condition: Condition) -> str:
    name = into.name(condition.attribute)
    if condition.operator == "exists":
        return f"attribute_exists({name})"
    if condition.operator == "absent":
        return f"attribute_not_exists({name})"
    hint = condition.parameter if condition.operator == "between" else f"if_{condition.parameter}"
    return compared(into, condition, _encoder(pattern, condition), hint)


def compared(
    into: Expressions, condition: Condition, encode: Callable[[Any], Wire | None], hint: str
) -> str:
    """The text of a comparison with values of the call.

    Parameters
    ----------
    hint
        What its placeholders are called after.
    """
    name, parameter = into.name(condition.attribute), condition.parameter
    if condition.operator == "between":
        low = into.place(f"{hint}_low", _bound(parameter, encode, 0))
        high = into.place(f"{hint}_high", _bound(parameter, encode, 1))
        return f"{name} BETWEEN {low} AND {high}"
    place = into.place(hint, lambda given: encoded(parameter, encode, given[parameter]))
    if condition.operator in ("contains", "begins_with"):
        return f"{condition.operator}({name}, {place})"
    return f"{name} {condition.operator} {place}"


def _encoder(pattern: Any, condition: Condition) -> Callable[[Any], Wire | None]:
    kind, attribute = pattern.kind, condition.attribute
    if condition.operator == "contains" and kind.type_of(attribute) in ("SS", "NS", "BS", "L"):
        return values.member_of(kind.shape, attribute).encode
    return value_of(kind, pattern.table, attribute).encode


def _bound(parameter: str, encode: Callable[[Any], Wire | None], side: int) -> Make:
    """What encodes the lower (0) or upper (1) value of a pair."""
    return lambda given: encoded(parameter, encode, pair(parameter, given[parameter])[side])


def encoded(parameter: str, encode: Callable[[Any], Wire | None], value: Any) -> Wire:
    """The value in DynamoDB JSON; its absence is refused.

    Raises
    ------
    BadValue
        If there is nothing to store, or it cannot be stored.
    """
    try:
        wire = encode(value)
    except BadValue as error:
        raise error.at(parameter) from error
    if wire is None:
        raise BadValue(parameter, "has no value.", "Give one.")
    return wire


def pair(parameter: str, value: Any) -> tuple[Any, Any]:
    """The two values of a range.

    Raises
    ------
    BadCall
        If there are not two.
    """
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise BadCall(parameter, "is no pair.", f"Give {parameter}=(from, to).")
    return value[0], value[1]
