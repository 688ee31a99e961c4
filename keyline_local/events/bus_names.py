"""Names of event buses."""

from __future__ import annotations

DEFAULT = "default"
"""The bus that each account has."""


def bus_name(name_or_arn: str) -> str:
    """Return the name of a bus that goes by its name or its ARN."""
    _, is_arn, name = name_or_arn.partition(":event-bus/")
    return name if is_arn else name_or_arn
