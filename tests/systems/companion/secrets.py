"""The secrets that no log line, metric, trace or error of a test run may hold.

Tests remember what they make up: what patients say, names, medicines and tokens.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_SHORTEST = 3
_known: set[str] = set()


def remember(value: Any) -> None:
    """Remember each text of a value."""
    if isinstance(value, str) and len(value) >= _SHORTEST:
        _known.add(value)
    elif isinstance(value, dict):
        for each in value.values():
            remember(each)
    elif isinstance(value, list | tuple):
        for each in value:
            remember(each)


def found(text: str) -> list[str]:
    """Return the secrets that a text holds as whole words, in any case."""
    folded = text.casefold()
    inside = [secret for secret in _known if secret.casefold() in folded]
    return sorted(
        secret
        for secret in inside
        if re.search(rf"(?<!\w){re.escape(secret.casefold())}(?!\w)", folded)
    )


def found_in(folder: Path) -> dict[str, list[str]]:
    """Return the secrets that files of a folder hold, by file."""
    texts = {file.name: file.read_text(errors="replace") for file in folder.rglob("*.*")}
    leaks = {name: found(text) for name, text in texts.items()}
    return {name: each for name, each in leaks.items() if each}
