"""Tables on a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Sequence

from rich import box
from rich.console import Console
from rich.table import Table

_WIDEST = 400


def forget_output() -> None:
    """Let Python write nowhere what it still has to write when it ends, which would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def table(title: str, columns: Sequence[str], numbers: Collection[str] = ()) -> Table:
    """Return an empty table.

    Parameters
    ----------
    numbers
        The columns that are aligned right.
    """
    made = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        made.add_column(name, justify="right" if name in numbers else "left", no_wrap=True)
    return made


def print_whole(table: Table, console: Console) -> None:
    """Print a table in its natural width: a narrow terminal wraps lines, names stay whole."""
    width = console.measure(table, options=console.options.update(width=_WIDEST)).maximum
    Console(file=console.file, width=max(console.width, width)).print(table)
