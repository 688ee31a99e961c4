"""Values whose type nobody declared: Python ↔ DynamoDB JSON."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from keyline.run.errors import BadValueError
from keyline.run.numbers import number_text, number_value
from keyline.run.scalars import NULL, Wire, text_of

MAX_LEVELS = 31
"""Lists and maps that an attribute may hold within each other: DynamoDB takes 32 levels, of which
the item is one.
"""


def encode_any(value: Any, levels: int = MAX_LEVELS) -> Wire:
    """Return the DynamoDB JSON of a value whose type nobody declared.

    Parameters
    ----------
    levels
        How many lists and maps it may hold within each other.
    """
    if value is None:
        return NULL
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, str):
        return {"S": text_of(value)}
    if isinstance(value, int | float | Decimal):
        return {"N": number_text(value)}
    if isinstance(value, bytes | bytearray | memoryview):
        return {"B": bytes(value)}
    if isinstance(value, Mapping | list | tuple) and not levels:
        raise too_deep()
    if isinstance(value, Mapping):
        return {"M": {text_of(k): encode_any(v, levels - 1) for k, v in value.items()}}
    if isinstance(value, list | tuple):
        return {"L": [encode_any(v, levels - 1) for v in value]}
    if isinstance(value, set | frozenset) and value:
        return _set_of_any(value)
    raise BadValueError("value", f"{type(value).__name__} cannot be stored.", "Use a plain type.")


def _set_of_any(value: set[Any] | frozenset[Any]) -> Wire:
    wires = [next(iter(encode_any(member).items())) for member in value]
    (tag, *others) = {tag for tag, _ in wires}
    if others or tag not in ("S", "N", "B"):
        raise BadValueError(
            "set", "has members of other types.", "Give a set of texts, of numbers or of bytes."
        )
    return {f"{tag}S": sorted({content for _, content in wires})}


def decode_any(wire: Mapping[str, Any]) -> Any:
    """Return the Python value of DynamoDB JSON whose type nobody declared."""
    ((tag, content),) = wire.items()
    return _ANY[tag](content)


_ANY: Mapping[str, Callable[[Any], Any]] = {
    "S": str,
    "BOOL": bool,
    "N": number_value,
    "B": base64.b64decode,
    "NULL": lambda _: None,
    "SS": set,
    "NS": lambda members: set(map(number_value, members)),
    "BS": lambda members: set(map(base64.b64decode, members)),
    "L": lambda members: [decode_any(m) for m in members],
    "M": lambda members: {k: decode_any(m) for k, m in members.items()},
}


def too_deep() -> BadValueError:
    return BadValueError(
        "value",
        f"holds more than {MAX_LEVELS} lists and maps within each other.",
        "Store it as text, or as items of its own.",
    )
