"""The page of faults, from the results of a run.

    python -m tests.support.fault_page [RESULTS]

Keeps the results of a run, if they are named, and writes the page from what is kept.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from keyline_deploy.project import ROOT
from tests.support.fault_rows import AnyRow, Kills, Load, Row, read

KEPT = ROOT / "tests" / "support" / "fault_results.jsonl"
PAGE = ROOT / "docs" / "faults.md"
_HEAD = """\
# Faults

<!-- Written by `make faults`. -->

`make faults` sends requests while something fails on purpose, and compares what was acknowledged
with what is stored. A request is *lost* if it was acknowledged and nothing of it is stored. A
request is *doubled* if it is stored more than once, acknowledged or not. This page is written from
the results of one run. [The guarantees](guarantees.md) say what is promised, and
[the tests](../tests/README.md#fault-rates) how the faults are made.

## Faults of calls, clocks that jump, and full disks

A client repeats a request with its `Idempotency-Key` until the request is acknowledged. *Struck*
says how often the fault struck: calls of DynamoDB that it hit, requests that met a full disk, or
requests before which the clock jumped. The wall clock of the function jumps before each request, at
random, back or forward, and 30% of the answers of DynamoDB are lost as well. [The
guarantees](guarantees.md#clocks-that-jump) say what else a clock may do.

| fault | rate | system | requests | struck | acknowledged | lost | doubled |
|---|---|---|--:|--:|--:|--:|--:|
"""
_KILLS = """
## Kills

The local environment runs in a process of its own, and clients of all systems send at once. Again
and again a process is killed at a random moment: the engine, the process of a function, or the
platform. The platform starts the first two again, and the test starts the platform again with the
same state. A client repeats a request with its `Idempotency-Key` until the request is acknowledged.
*Failed* counts the requests that were sent again.

| system | engine | functions | platform | requests | failed | acknowledged | lost | doubled |
|---|--:|--:|--:|--:|--:|--:|--:|--:|
"""
_LOADS = """
## Saturation

Clients who never pause ask the local API, each with one request at a time. Memory is what is
resident of the platform with the clients, and of all functions: after half of the time, and at the
end. The platform keeps the last 20,000 lines and metrics, so it may grow until there are so many.
No request ended with an error, and none was lost or doubled.

| system | seconds | clients | requests | refused | acknowledged | platform, MB | functions, MB |
|---|--:|--:|--:|--:|--:|---|---|
"""


def page(rows: Sequence[AnyRow]) -> str:
    """Return the page, in Markdown."""
    faults = sorted(
        (row for row in rows if isinstance(row, Row)), key=lambda row: (row.fault, _rate(row))
    )
    loads = [row for row in rows if isinstance(row, Load)]
    kills = sorted((row for row in rows if isinstance(row, Kills)), key=lambda row: row.system)
    return "".join(
        [_HEAD, *map(_fault, faults), _KILLS, *map(_kills, kills), _LOADS, *map(_load, loads)]
    )


def _rate(row: Row) -> tuple[float, str, str]:
    share = row.rate.partition("%")[0]
    return (float(share) if share.isdigit() else 0.0, row.rate, row.system)


def _fault(row: Row) -> str:
    numbers = (row.requests, row.struck, row.acknowledged, row.lost, row.doubled)
    return _line(row.fault, row.rate, row.system, *numbers)


def _kills(row: Kills) -> str:
    killed = (row.engine, row.functions, row.platform)
    became = (row.requests, row.failed, row.acknowledged, row.lost, row.doubled)
    return _line(row.system, *killed, *became)


def _load(row: Load) -> str:
    numbers = (row.requests, row.refused, row.acknowledged)
    memory = (f"{before:.0f} → {after:.0f}" for before, after in (row.platform, row.functions))
    return _line(row.system, f"{row.seconds:.0f}", row.clients, *numbers, *memory)


def _line(*cells: str | int) -> str:
    return f"| {' | '.join(_cells(cells))} |\n"


def _cells(cells: Sequence[str | int]) -> Iterator[str]:
    for cell in cells:
        yield cell if isinstance(cell, str) else f"{cell:,}"


def main(results: Sequence[str]) -> None:
    """Write the page."""
    for path in results:
        shutil.copyfile(path, KEPT)
    PAGE.write_text(page(read(KEPT)), encoding="utf-8")


if __name__ == "__main__":
    main([str(Path(name)) for name in sys.argv[1:]])
