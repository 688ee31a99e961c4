"""The program of a process that measures one client.

    python -m benchmarks.clients.worker MODULE URL TABLE

It reads a question from each line, and answers with a line (`benchmarks.clients.process`).
"""

from __future__ import annotations

import hashlib
import importlib
import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from benchmarks.clients.workload import SORT, Client


def main(module: str, url: str, table: str) -> None:
    """Answer until the input ends."""
    client: Client = importlib.import_module(f"benchmarks.clients.{module}").make(url, table)
    for line in sys.stdin:
        question = json.loads(line)
        print(json.dumps(_answer(client, **question)), flush=True)


def _answer(
    client: Client, operation: str, calls: int = 0, workers: int = 1, digest: bool = False
) -> Any:
    call = client.operations[operation]
    if digest:
        return digest_of(client.plain(call()))
    call()  # opens the connection again, if it was closed meanwhile
    if workers > 1:
        return _spent(lambda: client.get_side_by_side(calls, workers))

    def one_by_one() -> None:
        for _ in range(calls):
            call()

    return _spent(one_by_one)


def _spent(work: Callable[[], None]) -> tuple[float, float]:
    """Return the seconds of CPU, of all threads, and of the clock."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def digest_of(items: Iterable[Mapping[str, Any]]) -> str:
    """Return one text for equal items: in whatever order, with numbers of whatever type."""
    known = sorted((_plain(each) for each in items), key=lambda each: each[SORT])
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


def _plain(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value if isinstance(value, str | bool) else float(value)
        for name, value in item.items()
        if value is not None
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
