"""Convert Python values to the values that boto3 writes to DynamoDB, and back, without loss.

boto3's resource interface takes and gives numbers as Decimal, and Binary as its own type. The
interface fails on floats, datetimes and empty sets. A value that cannot be stored exactly is
refused here, before anything is sent. The error names the value's place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Context, Decimal
from typing import Any, TypeVar

from keyline.moments import BadMomentError, iso_of
from keyline.run import MAX_DIGITS, BadValueError, number_text, number_value

MAX_DEPTH = 32
"""Levels of nested lists and maps (DynamoDB's quota)."""

_DIGITS = Context(prec=MAX_DIGITS)
_T = TypeVar("_T")


def to_dynamodb(value: Any, path: str, depth: int = 0) -> Any:
    """Return a value as boto3 takes it.

    Parameters
    ----------
    path
        The name of the value in errors.
    depth
        The number of lists and maps that the value is in.

    Returns
    -------
    Any
        bool, str, Decimal, bytes, None (stored as NULL), and lists, dicts and sets of these.
        A datetime becomes ISO 8601 text in UTC. A date becomes ISO 8601 text.

    Raises
    ------
    BadValueError
        If DynamoDB cannot hold the value exactly. The error has the path of the part.
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
    raise BadValueError(
        path,
        f"{type(value).__name__} cannot be stored.",
        "Use text, a number, bool, bytes, datetime, None, or a list, dict or set of these.",
    )


def to_python(value: Any, path: str) -> Any:
    """Return a value that boto3 read, in Python's own types.

    Returns
    -------
    Any
        A whole number becomes an int, however large. Another number becomes a float if the
        float's text is exactly this number, and stays a Decimal otherwise. Binary becomes bytes.

    Raises
    ------
    BadValueError
        If a Decimal is infinite or not a number. DynamoDB never returns such a value.
    """
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise BadValueError(
                path, f"{value} is not a number that DynamoDB can hold.", "Use a finite number."
            )
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
        raise BadValueError(path, f"is nested deeper than {MAX_DEPTH} levels.", "Nest it less.")
    if not isinstance(value, Mapping):
        return [to_dynamodb(inner, f"{path}[{n}]", depth) for n, inner in enumerate(value)]
    for name in value:
        if not isinstance(name, str) or not name:
            raise BadValueError(
                path, f"has the key {name!r}.", "Use text of at least one character as a key."
            )
        _text(name, path)
    return {name: to_dynamodb(inner, f"{path}.{name}", depth) for name, inner in value.items()}


def _text(value: str, path: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise BadValueError(
            path, "holds half of a surrogate pair, which is not text.", "Use whole characters."
        ) from error
    return value


def _set(value: set[Any] | frozenset[Any], path: str) -> set[Any]:
    kinds = {_kind(member) for member in value}
    if len(kinds) != 1 or None in kinds:
        raise BadValueError(
            path,
            "is an empty set." if not value else "is a set that DynamoDB cannot store.",
            "Use a set of only texts, only numbers or only bytes. Leave an empty set out.",
        )
    return {to_dynamodb(member, path) for member in value}


def _kind(member: Any) -> str | None:
    """Return the type of DynamoDB's set that takes a member; None if no set takes it."""
    if isinstance(member, bool):
        return None
    if isinstance(member, int | float | Decimal):
        return "NS"
    return "SS" if isinstance(member, str) else "BS" if isinstance(member, bytes) else None


def _number(value: Any) -> Decimal:
    # boto3 fails on trailing zeros beyond 38 digits: it takes the number for a rounded one.
    return Decimal(number_text(value)).normalize(_DIGITS)


def _at(path: str, convert: Callable[[Any], _T], value: Any) -> _T:
    try:
        return convert(value)
    except (BadValueError, BadMomentError) as error:
        raise BadValueError(path, error.message, error.suggestion) from error


def _is_boto_binary(value: Any) -> bool:
    """Tell whether a value is `boto3.dynamodb.types.Binary`. The bundles do not hold boto3."""
    return type(value).__name__ == "Binary" and isinstance(getattr(value, "value", None), bytes)
