"""Values without members: Python → the text, bytes or truth that DynamoDB JSON holds."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Literal, get_args, get_origin

from keyline.model.shape import stored_as
from keyline.run.conversion import known_values, one_of
from keyline.run.errors import BadValueError
from keyline.run.numbers import number_text

Wire = Mapping[str, Any]
"""A value as DynamoDB writes it: `{"S": "x"}`."""
NULL: Wire = {"NULL": True}


def text_of(value: Any) -> str:
    if not isinstance(value, str):
        raise BadValueError("text", f"{type(value).__name__} is not text.", "Give a str.")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise BadValueError(
                "text", "holds half of a character.", "Give text that UTF-8 can write."
            ) from None
    # The member of an Enum may be text as well, and is stored as its plain text.
    return value if type(value) is str else str.__str__(value)


def _integer(value: Any) -> str:
    if not isinstance(value, float | Decimal):
        return number_text(value)
    text = number_text(value)
    if Decimal(text) != Decimal(text).to_integral_value():
        raise BadValueError("number", "is not a whole number.", "Give an int.")
    return number_text(int(value))


def _float(value: Any) -> str:
    text = number_text(value)
    if type(value) is float:
        return text
    near = float(text)
    if Decimal(text) not in (Decimal(near), Decimal(repr(near))):
        raise BadValueError(
            "number", "is not held exactly by a float.", "Declare the field as Decimal."
        )
    return number_text(near)


def _bytes(value: Any) -> bytes:
    if not isinstance(value, bytes | bytearray | memoryview):
        raise BadValueError("binary", f"{type(value).__name__} is not bytes.", "Give bytes.")
    return bytes(value)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadValueError(
            "boolean", f"{type(value).__name__} is not a bool.", "Give True or False."
        )
    return value


_TAGS: Mapping[Any, tuple[str, Callable[[Any], Any]]] = {
    str: ("S", text_of),
    int: ("N", _integer),
    float: ("N", _float),
    Decimal: ("N", number_text),
    bytes: ("B", _bytes),
    bool: ("BOOL", _truth),
}


def scalar(bare: Any) -> tuple[str, Callable[[Any], Any]]:
    """Return the tag of a type that is not a collection, and what writes its values."""
    if get_origin(bare) is Literal:
        return _TAGS[type(get_args(bare)[0])]
    if not issubclass(bare, enum.Enum):
        return _TAGS[bare]
    tag, write = _TAGS[str if stored_as(bare, bare.__name__) == "S" else int]

    def write_member(value: Any) -> Any:
        try:
            return write(bare(value).value)
        except ValueError:
            raise BadValueError("value", *one_of(known_values(bare))) from None

    return tag, write_member
