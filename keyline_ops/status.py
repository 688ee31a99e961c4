"""The state of a running platform, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from rich.console import Console

from keyline_ops.printing import print_whole, table

_DOCS = "/_keyline/docs"
_COUNTS = ("delivered", "filtered", "discarded", "invocations", "failures")


def show(status: Mapping[str, Any], console: Console) -> None:
    """Print the platform's status as tables.

    Parameters
    ----------
    status
        As `keyline status --json` prints it.
    """
    if status["stage"]:
        console.print(f"The platform is {status['stage']} (process {status['pid']}).")
    if status["ahead"]:
        ahead = timedelta(seconds=round(status["ahead"]))
        console.print(f"Its time is {status['time']}, {ahead} ahead of the machine.")
    addresses = [(name, url, f"{url}{_DOCS}") for name, url in status["apis"].items()]
    addresses += [("DynamoDB", status["engine"], ""), ("other AWS APIs", status["aws"], "")]
    _print("Addresses", ("name", "address", "to try it"), addresses, console)
    streams = [_stream(stream) for stream in status["streams"]]
    _print("Streams", ("function", "table", "behind ms", *_COUNTS), streams, console)
    due = [(name, at or "never again") for name, at in status["schedules"].items()]
    _print("Schedules", ("rule", "next run"), due, console)
    alarms = [
        (f"{alarm['stack']}/{alarm['name']}", alarm["since"], alarm["runbook"])
        for alarm in status["alarms"]
    ]
    _print("Alarms that are on", ("alarm", "since", "what to do"), alarms, console)
    faults = [(fault["name"], fault["kind"], fault["until"]) for fault in status["faults"]]
    _print("Wrong on purpose", ("name", "what", "until"), faults, console)
    _print("Tables", ("name",), [(name,) for name in status["tables"]], console)
    _print("Functions", ("name",), [(name,) for name in status["functions"]], console)


def _stream(stream: Mapping[str, Any]) -> tuple[str, ...]:
    age = stream["iterator_age_ms"]
    behind = "no batch yet" if age is None else f"{age:,.0f}"
    counts = (f"{stream[name]:,}" for name in _COUNTS)
    return (stream["function"], stream["table"], behind, *counts)


def _print(
    title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], console: Console
) -> None:
    if not rows:
        return
    made = table(title, heads, numbers=(*_COUNTS, "behind ms"))
    for row in rows:
        made.add_row(*row)
    print_whole(made, console)
