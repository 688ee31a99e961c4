"""Words of what commands tell."""

from __future__ import annotations


def count_of(number: int, what: str) -> str:
    """A number with what it counts: `1 table`, `2,000 tables`."""
    return f"{number:,} {what}" + ("" if number == 1 else "s")
