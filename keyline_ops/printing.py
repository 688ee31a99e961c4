"""Tables on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

_WIDEST = 400


def print_whole(table: Table, console: Console) -> None:
    """Print a table in its natural width: a narrow terminal wraps lines, names stay whole."""
    width = console.measure(table, options=console.options.update(width=_WIDEST)).maximum
    Console(file=console.file, width=max(console.width, width)).print(table)
