"""Single values as CloudFormation reads them: a template may write a value as text or as JSON."""

from __future__ import annotations

from typing import Any

from keyline_local.host.errors import LocalPlatformError

_RUNNING = ("ENABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")


def as_text(value: Any) -> str:
    """Return a value as text: `true` for true, `5` for 5.

    Raises
    ------
    TypeError
        The value is a list, an object or nothing.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise TypeError(f"{value!r} is not a string")


def as_flag(value: Any, path: str) -> bool:
    """Return a value that is true or false, as JSON or as text: a parameter is always text.

    Raises
    ------
    LocalPlatformError
        The value is something else.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise LocalPlatformError(path, f"{value!r} is not true or false", "write true or false")


def is_enabled(state: Any, path: str) -> bool:
    """Return whether a rule or a schedule of a state runs.

    Raises
    ------
    LocalPlatformError
        EventBridge has no such state.
    """
    if state in _RUNNING:
        return True
    if state == "DISABLED":
        return False
    raise LocalPlatformError(path, f"{state!r} is not a state", "use ENABLED or DISABLED")


def bound(value: Any) -> int | None:
    """Return a limit; -1 is AWS's way to say that there is none."""
    return None if value is None or int(value) == -1 else int(value)
