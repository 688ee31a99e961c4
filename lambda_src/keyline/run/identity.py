"""The comparison of two keys, however their numbers and bytes are written."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from keyline.model.number import plain

Identity = tuple[tuple[str, str], ...]
"""Type and text of each value of a key; of different keys always different."""


def identity(values: Iterable[Mapping[str, Any]]) -> Identity:
    """Return what a key's values, as DynamoDB JSON, are compared by: `1.0` and `1` are the same.

    Binary may be given as bytes or as base64 text.
    """
    return tuple(map(_canonical, values))


def _canonical(value: Mapping[str, Any]) -> tuple[str, str]:
    ((tag, content),) = value.items()
    if tag == "N":
        return tag, plain(Decimal(content))
    if tag == "B":
        return tag, (base64.b64decode(content) if isinstance(content, str) else content).hex()
    return tag, content
