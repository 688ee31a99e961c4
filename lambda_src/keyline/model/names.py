"""Names that a system's resources are deployed under: they follow from the declaration."""

from __future__ import annotations

MAX_ENVIRONMENT_NAME = 16
"""Characters that an environment's name has at most. The name of every resource holds it."""

LONGEST_ENVIRONMENT = "e" * MAX_ENVIRONMENT_NAME
"""A name as long as an environment's may be: what is short enough with it, always is."""


def function_name(system: str, function: str, environment: str) -> str:
    """Return a function's name: `chat-write-dev`."""
    return f"{system}-{function}-{environment}"


def api_name(system: str, environment: str) -> str:
    """Return the name of a system's HTTP API: `chat-dev`."""
    return f"{system}-{environment}"


def stack_name(owner: str, part: str, environment: str) -> str:
    """Return a stack's name: `chat-data-dev`, `my-orders-data-dev` of the system `my_orders`.

    CloudFormation takes no underscore. The names of two systems stay different, because a
    system's name has no hyphen.
    """
    words = owner.replace("_", "-")
    return f"{words}-{part}-{environment}" if part else f"{words}-{environment}"


def phase_parameter_name(system: str, environment: str) -> str:
    """Return the name of the parameter that holds the phase of a system's migration."""
    return f"/keyline/{system}/{environment}/migration-phase"


def pascal(name: str) -> str:
    """Return a name in kebab or dotted case as an identifier: `chat-data` is `ChatData`."""
    words = "".join(c if c.isalnum() else " " for c in name).split()
    return "".join(word[0].upper() + word[1:] for word in words)
