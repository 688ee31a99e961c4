"""Clients who send as fast as the platform answers, while its memory is watched."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import psutil

from tests.support.creations import Creations
from tests.support.fault_rows import Load, record
from tests.support.platform import Running
from tests.support.processes import runs_a_function
from tests.support.soak import AT_LENGTH, SECONDS

CLIENTS = 16
"""More than a platform has processes for, so that requests wait for each other."""
_SECONDS = 120.0 if AT_LENGTH else SECONDS
_WARM_UP = 3
"""Requests of each client that are not counted."""
_MB = 1 << 20
_MOST_GROWTH = 1.2
"""How much larger memory may be at the end than after half of the time."""
_REFUSED = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


def assert_saturated(running: Running, creations: Creations) -> None:
    """Assert that a system answers without an error, loses nothing and takes no more memory."""
    numbers, statuses = itertools.count(), Counter[int]()
    acknowledged = list[str]()
    stop, lock = threading.Event(), threading.Lock()

    def go_on(client: int) -> None:
        while not stop.is_set():
            name = f"saturated-{next(numbers)}"
            status = creations.send(client, name).status_code
            with lock:
                statuses[status] += 1
                if status == HTTPStatus.CREATED:
                    acknowledged.append(name)

    with ThreadPoolExecutor(CLIENTS) as pool:
        for _ in range(_WARM_UP):  # processes start
            list(pool.map(creations.send, range(CLIENTS), itertools.repeat("warm-up")))
        began = time.monotonic()
        clients = [pool.submit(go_on, client) for client in range(CLIENTS)]
        try:
            stop.wait(_SECONDS / 2)
            platform, functions = _memory(running)
            stop.wait(_SECONDS / 2)
            platform_at_end, functions_at_end = _memory(running)
        finally:
            stop.set()
        for each in clients:
            each.result()
    seconds, stored = time.monotonic() - began, creations.kept()
    refused = sum(statuses[status] for status in _REFUSED)
    row = Load(
        system=running.system,
        seconds=round(seconds, 1),
        clients=CLIENTS,
        requests=statuses.total(),
        errors=statuses.total() - refused - len(acknowledged),
        refused=refused,
        acknowledged=len(acknowledged),
        lost=sum(stored[name] == 0 for name in acknowledged),
        doubled=sum(count > 1 for name, count in stored.items() if name.startswith("saturated-")),
        platform=(platform, platform_at_end),
        functions=(functions, functions_at_end),
    )
    record(row)
    assert row.acknowledged > CLIENTS * 2, row
    assert row.errors == 0, statuses
    if AT_LENGTH:  # a second says nothing of memory
        for before, after in (row.platform, row.functions):
            assert after <= before * _MOST_GROWTH, row


def _memory(running: Running) -> tuple[float, float]:
    """Return the resident memory of the platform and of all its functions, in MB."""
    functions = [child for child in running.children() if runs_a_function(child)]
    return _resident([psutil.Process()]), _resident(functions)


def _resident(processes: list[psutil.Process]) -> float:
    found: int = sum(process.memory_info().rss for process in processes)
    return round(found / _MB, 1)
