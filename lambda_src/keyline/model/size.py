"""The size of an item as DynamoDB computes it: for the bill, and for what it refuses.

Source: DynamoDB developer guide, "DynamoDB item sizes and formats". Attributes are given
as DynamoDB writes them, `{"title": {"S": "x"}}`; Binary as bytes or as base64 text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

MAX_ITEM_BYTES = 400 * 1024
"""The most that an item may take, names included."""
STORAGE_OVERHEAD_BYTES = 100
"""What storage adds to each item in a table, and again in each index."""

_CONTAINER_BYTES = 3
_ELEMENT_BYTES = 1


def item_size(attributes: Mapping[str, Mapping[str, Any]]) -> int:
    """Return the bytes of an item: the names and values of its attributes."""
    return sum(attribute_size(name, value) for name, value in attributes.items())


def attribute_size(name: str, value: Mapping[str, Any]) -> int:
    """Return the bytes of one attribute, with its name."""
    return _text(name) + value_size(value)


def value_size(value: Mapping[str, Any]) -> int:
    """Return the bytes of a value without a name."""
    ((kind, content),) = value.items()
    return _SIZES[kind](content)


def largest(
    attributes: Mapping[str, Mapping[str, Any]], count: int = 3
) -> tuple[tuple[str, int], ...]:
    """Return the largest attributes with their bytes, the largest first."""
    sizes = ((name, attribute_size(name, value)) for name, value in attributes.items())
    return tuple(sorted(sizes, key=lambda pair: -pair[1])[:count])


def _text(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _number(text: str) -> int:
    """Return the bytes of a number.

    A number takes one byte, one for two digits before the point and after it each, and one for a
    minus sign.

    Zeros at either end are not digits. The guide says "approximately"; this was measured on
    DynamoDB, to the byte, by github.com/nubo-db/dynoxide, pull request 195.
    """
    mantissa, _, power = text.lower().partition("e")
    whole, _, fraction = mantissa.lstrip("+-").partition(".")
    digits = whole + fraction
    significant = digits.strip("0")
    if not significant:
        return 1
    leading = len(digits) - len(digits.lstrip("0"))
    point = len(whole) + int(power or 0) - leading
    before = min(max(point, 0), len(significant))
    after = len(significant) - before
    return 1 + (before + 1) // 2 + (after + 1) // 2 + mantissa.startswith("-")


def _binary(content: bytes | str) -> int:
    if isinstance(content, str):
        return len(content) * 3 // 4 - content[-2:].count("=")
    return len(content)


def _set_of(size: Callable[[Any], int]) -> Callable[[Iterable[Any]], int]:
    return lambda members: sum(map(size, members))


def _list(values: Iterable[Mapping[str, Any]]) -> int:
    return _CONTAINER_BYTES + sum(value_size(v) + _ELEMENT_BYTES for v in values)


def _map(values: Mapping[str, Mapping[str, Any]]) -> int:
    return _CONTAINER_BYTES + sum(attribute_size(k, v) + _ELEMENT_BYTES for k, v in values.items())


def _one(_: object) -> int:
    return 1


_SIZES: Mapping[str, Callable[[Any], int]] = {
    "S": _text,
    "N": _number,
    "B": _binary,
    "BOOL": _one,
    "NULL": _one,
    "SS": _set_of(_text),
    "NS": _set_of(_number),
    "BS": _set_of(_binary),
    "L": _list,
    "M": _map,
}
