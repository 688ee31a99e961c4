"""Tags of resources: which ones AWS takes.

Sources: "Tag naming limits and requirements" (Tagging AWS resources user guide); Tag
(CloudFormation API reference), which takes no empty value.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping

from keyline.errors import Fault

MAX_TAGS = 50
MAX_KEY = 128
MAX_VALUE = 256

_OF_STACKS = {"environment", "system"}
"""The tags that each stack has of itself (`stacks.base.stack_tags`)."""
_RESERVED = "aws:"
_MARKS = "_.:/=+-@"
_GENERAL = "LZN"
"""The general categories of Unicode that a tag may have: letters, separators, numbers."""
_TAKES = f"Use letters, numbers, spaces and {_MARKS}"


def tag_faults(tags: Mapping[str, str]) -> Iterator[Fault]:
    """Yield each tag that AWS refuses, and too many of them."""
    for key, value in tags.items():
        path = f"tags.{key}"
        if key.lower().startswith(_RESERVED):
            yield path, "begins with aws:, which AWS keeps for itself.", "Choose another name."
        elif not 1 <= len(key) <= MAX_KEY or not _is_taken(key):
            yield path, "is not a name that AWS takes.", f"{_TAKES}, 1 to {MAX_KEY} of them."
        if not 1 <= len(value) <= MAX_VALUE or not _is_taken(value):
            yield (
                path,
                f"{value!r} is not a value that AWS takes.",
                f"{_TAKES}, 1 to {MAX_VALUE} of them.",
            )
    count = len(tags.keys() | _OF_STACKS)
    if count > MAX_TAGS:
        yield (
            "tags",
            f"are {count} with those of the stack itself; AWS takes {MAX_TAGS}.",
            "Leave some out.",
        )


def _is_taken(text: str) -> bool:
    return all(c in _MARKS or unicodedata.category(c)[0] in _GENERAL for c in text)
