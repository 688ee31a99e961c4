"""JSON out: what handlers return, as text."""

from __future__ import annotations

from typing import Any

from keyline.payload import json_of

JSON = "application/json"


def encode(value: Any) -> str:
    """Return the JSON text of a Struct, a list, a dict or a scalar.

    Raises
    ------
    TypeError
        If it holds what JSON cannot say.
    """
    return json_of(value).decode()
