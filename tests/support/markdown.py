"""The headings of Markdown pages, and the anchors that they give."""

from __future__ import annotations

import re
from itertools import count

FENCE = re.compile(r"^(```|~~~).*?^\1\s*$", re.M | re.S)
_HEADING = re.compile(r"^#{1,6} +(.+?)\s*$", re.M)


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    found: set[str] = set()
    for heading in _HEADING.findall(FENCE.sub("", text)):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        repeats = (f"{slug}-{number}" for number in count(1))
        found.add(
            slug if slug not in found else next(name for name in repeats if name not in found)
        )
    return found
