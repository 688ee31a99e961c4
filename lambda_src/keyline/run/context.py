"""The facts that a function learns from its environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Generic, TypeVar

import msgspec

from keyline import variables
from keyline.errors import KeylineError
from keyline.model.system import System
from keyline.settings import SettingError

SettingsT = TypeVar("SettingsT", bound=msgspec.Struct)

_DEPLOY = "Deploy the function with handler_function."


class Context(msgspec.Struct, Generic[SettingsT], frozen=True):
    """The place where code runs, and its settings.

    Attributes
    ----------
    environment
        `dev`, `staging`, `prod` or `local`.
    function
        The function's declared name; empty outside of one.
    settings
        The system's settings in this environment.
    cursor_secret
        What cursors are signed with; None where the function issues none.
    measure_sizes
        Whether the meter also records what the item sizes imply.
    tables
        The deployed names of tables that do not have their declared one.
    """

    system: System
    environment: str
    function: str
    settings: SettingsT
    cursor_secret: bytes | None = None
    measure_sizes: bool = False
    tables: Mapping[str, str] = {}

    @property
    def secret(self) -> bytes:
        """Return the cursor secret, where the code cannot do without one.

        Raises
        ------
        KeylineError
            If the function has none.
        """
        if self.cursor_secret is None:
            raise KeylineError(variables.CURSOR_SECRET, "is not set.", _DEPLOY)
        return self.cursor_secret


def from_environment(
    system: System, settings: type[SettingsT], environ: Mapping[str, str] = os.environ
) -> Context[SettingsT]:
    """Read the context that the deployment gave a function.

    Parameters
    ----------
    settings
        The class of the system's settings, which is the type of `Context.settings`.

    Raises
    ------
    KeylineError
        If a variable is missing, belongs to another system or does not hold valid settings, or
        if `settings` is not the class that the system declares.
    """
    if settings is not system.settings:
        raise KeylineError(
            f"{system.name}.settings",
            f"is declared as {system.settings.__name__}, not as {settings.__name__}.",
            "Give the class that the system declares.",
        )
    named = _variable(environ, variables.SYSTEM)
    if named != system.name:
        raise KeylineError(
            variables.SYSTEM,
            f"is {named!r}, and the handler belongs to {system.name!r}.",
            _DEPLOY,
        )
    secret = environ.get(variables.CURSOR_SECRET)
    return Context(
        system,
        _variable(environ, variables.ENVIRONMENT),
        _variable(environ, variables.FUNCTION),
        _settings(settings, environ.get(variables.SETTINGS, "{}")),
        secret.encode() if secret else None,
        environ.get(variables.MEASURE_SIZES) == "1",
        _tables(environ.get(variables.TABLES, "{}")),
    )


def _variable(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name)
    if not value:
        raise KeylineError(name, "is not set.", _DEPLOY)
    return value


def _tables(text: str) -> Mapping[str, str]:
    try:
        return msgspec.json.decode(text, type=dict[str, str])
    except msgspec.DecodeError as error:
        raise KeylineError(variables.TABLES, f"{error}.", _DEPLOY) from error


def _settings(type_: type[SettingsT], text: str) -> SettingsT:
    try:
        return msgspec.json.decode(text, type=type_)
    except msgspec.DecodeError as error:
        raise KeylineError(
            variables.SETTINGS, f"{error}.", "Check the environment file."
        ) from error
    except SettingError as error:
        raise KeylineError(
            f"{variables.SETTINGS}: {error.path}", error.message, error.suggestion
        ) from error
