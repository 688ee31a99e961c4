"""The result of a look, as a table and as JSON. Values that look like secrets are not shown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from rich.console import Console

from keyline_ops.printing import print_whole, table

HIDDEN = "(hidden)"
_SECRET = re.compile(r"secret|password|passwd|credential|token|signature|private.?key", re.I)
_LONGEST = 40
"""Characters of a value in a table; JSON has all."""


def shown(item: msgspec.Struct) -> dict[str, Any]:
    """Return an item as JSON has it, without what is named as a secret."""
    found: Mapping[str, Any] = msgspec.to_builtins(item)
    return {name: _hidden(name, value) for name, value in found.items()}


def show(items: Sequence[msgspec.Struct], units: float, console: Console) -> None:
    """Print items as a table, and what reading them consumed."""
    rows = [shown(item) for item in items]
    names = list(dict.fromkeys(name for row in rows for name in row))
    if rows:
        made = table("", names)
        for row in rows:
            made.add_row(*(_cell(row.get(name)) for name in names))
        print_whole(made, console)
    items_found = "1 item" if len(rows) == 1 else f"{len(rows):,} items"
    print(f"{items_found}; {units:g} read units consumed")


def _hidden(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {inner: _hidden(str(inner), each) for inner, each in value.items()}
    if isinstance(value, list):
        return [_hidden(name, each) for each in value]
    return HIDDEN if isinstance(value, str) and value and is_secret(name) else value


def is_secret(name: str) -> bool:
    """Return True if a value of this name is likely to be a secret."""
    return _SECRET.search(name) is not None


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
