"""JSON out: what handlers return, as text."""

from __future__ import annotations

from typing import Any

import msgspec

JSON = "application/json"

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def encode(value: Any) -> str:
    """The JSON text of a Struct, a list, a dict or a scalar.

    A Decimal is a number here, exactly as it is stored.

    Raises
    ------
    TypeError
        If it holds what JSON cannot say.
    """
    return _ENCODER.encode(value).decode()
