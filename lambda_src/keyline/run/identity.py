"""Whether two keys are the same, however their numbers are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

_SEPARATOR = "\x1f"


def identity(values: Iterable[Mapping[str, Any]]) -> str:
    """One text for the values of a key, as DynamoDB JSON: `1.0` and `1` are the same."""
    return _SEPARATOR.join(map(_canonical, values))


def _canonical(value: Mapping[str, Any]) -> str:
    ((tag, content),) = value.items()
    if tag == "N":
        number = Decimal(content).normalize()
        return f"{number:f}" if number else "0"
    return content.hex() if isinstance(content, bytes) else str(content)
