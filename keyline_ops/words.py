"""Words of what commands tell."""

from __future__ import annotations

import re


def count_of(number: int, what: str) -> str:
    """Return a number with what it counts: `1 table`, `2,000 tables`."""
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def anchor_of(heading: str) -> str:
    """Return the anchor that GitHub gives a heading of Markdown."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
