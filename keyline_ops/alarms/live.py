"""The states of the alarms on the local platform, on a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.console import Console

from keyline_ops.printing import print_whole, table
from keyline_ops.words import count_of

_LOUD = "ALARM"
_COLUMNS = ("state", "stack", "name", "since", "told", "runbook")


def show(found: Sequence[Mapping[str, str | None]], console: Console) -> None:
    """Print the alarms that are on, and how many there are in each state."""
    loud = [each for each in found if each["state"] == _LOUD]
    if loud:
        rows = table("alarms", ("state", "stack", "alarm", "since", "told", "what to do"))
        for each in loud:
            rows.add_row(*(each[name] or "" for name in _COLUMNS))
        print_whole(rows, console)
    counted = Counter(each["state"] for each in found)
    states = ", ".join(f"{number} {state}" for state, number in sorted(counted.items()))
    print(f"{count_of(len(found), 'alarm')}: {states}" if found else "No alarms.")
