"""Python values to what boto3 writes to DynamoDB, and back, losing nothing.

boto3's resource interface takes and gives numbers as Decimal and Binary as a type of its own,
and fails on floats, datetimes and empty sets. What cannot be stored exactly is refused here,
by its place, before any of it is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Context, Decimal
from typing import Any, TypeVar

from keyline.moments import BadMoment, iso_of
from keyline.run import MAX_DIGITS, BadValue, number_text, number_value

MAX_DEPTH = 32
"""Levels of nested lists and maps (DynamoDB's quota)."""

_DIGITS = Context(prec=MAX_DIGITS)
_T = TypeVar("_T")


def to_dynamodb(value: Any, path: str, depth: int = 0) -> Any:
    """A value as boto3 takes it.

    Parameters
    ----------
    path
        How errors name the value.
    depth
        How many lists and maps it is in.

    Returns
    -------
    Any
        bool, str, Decimal, bytes, None (stored as NULL), and lists, dicts and sets of these.
        A datetime is ISO 8601 text in UTC, a date ISO 8601 text.

    Raises
    ------
    BadValue
        If DynamoDB cannot hold it exactly, by its path.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, path)
    if isinstance(value, int | float | Decimal):
        return _at(path, _number, value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, datetime):
        return _at(path, iso_of, value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return _set(value, path)
    if isinstance(value, Mapping | list | tuple):
        return _nested(value, path, depth + 1)
    raise BadValue(
        path,
        f"{type(value).__name__} cannot be stored.",
        "Give text, a number, bool, bytes, datetime, None, or a list, dict or set of these.",
    )


def to_python(value: Any, path: str) -> Any:
    """A value as boto3 gives it, in Python's own types.

    Returns
    -------
    Any
        An int where the number is whole, however large; a float where one writes exactly this
        number; else the Decimal. Binary is bytes.

    Raises
    ------
    BadValue
        If a number is none: DynamoDB never gives such.
    """
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise BadValue(path, f"{value} is no number of DynamoDB's.", "Read the item again.")
        return number_value(str(value))
    if isinstance(value, Mapping):
        return {name: to_python(inner, f"{path}.{name}") for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [to_python(inner, f"{path}[{n}]") for n, inner in enumerate(value)]
    if isinstance(value, set | frozenset):
        return {to_python(member, path) for member in value}
    if isinstance(value, bytearray | memoryview) or _is_boto_binary(value):
        return bytes(getattr(value, "value", value))
    return value


def _nested(value: Any, path: str, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise BadValue(path, f"is nested deeper than {MAX_DEPTH} levels.", "Store flatter data.")
    if not isinstance(value, Mapping):
        return [to_dynamodb(inner, f"{path}[{n}]", depth) for n, inner in enumerate(value)]
    for name in value:
        if not isinstance(name, str) or not name:
            raise BadValue(path, f"has the key {name!r}.", "Keys are text, of a character or more.")
        _text(name, path)
    return {name: to_dynamodb(inner, f"{path}.{name}", depth) for name, inner in value.items()}


def _text(value: str, path: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise BadValue(
            path, "holds half of a surrogate pair, which is no text.", "Give whole characters."
        ) from error
    return value


def _set(value: set[Any] | frozenset[Any], path: str) -> set[Any]:
    kinds = {_kind(member) for member in value}
    if len(kinds) != 1 or None in kinds:
        raise BadValue(
            path,
            "is an empty set." if not value else "is a set of what DynamoDB has no sets of.",
            "A set holds one or more texts, or numbers, or bytes. Leave an empty one out.",
        )
    return {to_dynamodb(member, path) for member in value}


def _kind(member: Any) -> str | None:
    """Which of DynamoDB's sets takes it."""
    if isinstance(member, bool):
        return None
    if isinstance(member, int | float | Decimal):
        return "NS"
    return "SS" if isinstance(member, str) else "BS" if isinstance(member, bytes) else None


def _number(value: Any) -> Decimal:
    # boto3 takes trailing zeros beyond 38 digits for a rounded number, and fails.
    return Decimal(number_text(value)).normalize(_DIGITS)


def _at(path: str, convert: Callable[[Any], _T], value: Any) -> _T:
    try:
        return convert(value)
    except (BadValue, BadMoment) as error:
        raise BadValue(path, error.message, error.suggestion) from error


def _is_boto_binary(value: Any) -> bool:
    """Whether it is `boto3.dynamodb.types.Binary`; functions have no boto3 of their own."""
    return type(value).__name__ == "Binary" and isinstance(getattr(value, "value", None), bytes)
