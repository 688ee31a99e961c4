"""What a function learns from its environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from keyline.model.system import System
from keyline.problem import KeylineError


@dataclass(frozen=True)
class Context:
    """Where code runs, and with which settings.

    Attributes
    ----------
    environment
        `dev`, `staging`, `prod` or `local`.
    function
        The function's declared name; empty outside of one.
    cursor_secret
        What cursors are signed with; None where the function issues none.
    measure_sizes
        Whether the meter also records what the item sizes imply.
    """

    system: System
    environment: str
    function: str
    settings: msgspec.Struct
    cursor_secret: bytes | None = None
    measure_sizes: bool = False


def from_environment(system: System, environ: Mapping[str, str] = os.environ) -> Context:
    """Read the context that the deployment gave a function.

    Raises
    ------
    KeylineError
        If a variable is missing, or is another system's or no valid setting.
    """
    named = _variable(environ, "KEYLINE_SYSTEM")
    if named != system.name:
        raise KeylineError("KEYLINE_SYSTEM", f"is {named!r}, the handler is of {system.name!r}.")
    secret = environ.get("KEYLINE_CURSOR_SECRET")
    return Context(
        system,
        _variable(environ, "KEYLINE_ENV"),
        _variable(environ, "KEYLINE_FUNCTION"),
        _settings(system, environ.get("KEYLINE_SETTINGS", "{}")),
        secret.encode() if secret else None,
        environ.get("KEYLINE_MEASURE_SIZES") == "1",
    )


def _variable(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name)
    if not value:
        raise KeylineError(name, "is not set.", "Deploy the function with handler_function.")
    return value


def _settings(system: System, text: str) -> Any:
    try:
        return msgspec.json.decode(text, type=system.settings)
    except msgspec.DecodeError as error:
        raise KeylineError(
            "KEYLINE_SETTINGS", f"{error}.", "Check the environment file."
        ) from error
