"""Writers who go on while the engine and processes of functions are killed."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import httpx

from tests.support.client import assert_problem
from tests.support.platform import Running
from tests.support.processes import runs_a_function
from tests.support.soak import AT_LENGTH

WRITERS = 8
KILLS = 100 if AT_LENGTH else 4
BETWEEN = 40
"""Writes that succeed between two kills, at least."""


def acknowledged_under_kills(
    running: Running, write: Callable[[int], httpx.Response]
) -> list[httpx.Response]:
    """Kill the engine and functions again and again among writes that create something.

    Every write succeeds, or fails cleanly: with a problem document, or as API Gateway answers for a
    function that has ended.

    Parameters
    ----------
    write
        A writer's number → the answer to one more write.

    Returns
    -------
    The answers that said Created: of each write that succeeded.
    """
    engine = running.platform.engine
    assert engine is not None
    restarts, killed = engine.child.restarts, [0, 0]
    stop = threading.Event()
    acknowledged: list[httpx.Response] = []
    failed: list[httpx.Response] = []

    def go_on(writer: int) -> None:
        while not stop.is_set():
            answer = write(writer)
            is_created = answer.status_code == HTTPStatus.CREATED
            (acknowledged if is_created else failed).append(answer)

    with ThreadPoolExecutor(WRITERS) as pool:
        writers = [pool.submit(go_on, writer) for writer in range(WRITERS)]
        try:
            for number in range(KILLS):
                _wait_for_more(acknowledged)
                kill = (_kill_engine, _kill_function)[number % 2]
                killed[number % 2] += kill(running)
            _wait_for_more(acknowledged)
        finally:
            stop.set()
        for each in writers:
            each.result()
    assert all(killed), f"of the engine and of functions: {killed}"
    assert engine.child.restarts >= restarts + killed[0]
    for answer in failed:
        assert answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR, answer.text
        if "message" not in answer.json():  # that of API Gateway: the function has ended
            assert_problem(answer, answer.status_code)
    return acknowledged


def _wait_for_more(acknowledged: list[httpx.Response]) -> None:
    count, deadline = len(acknowledged) + BETWEEN, time.monotonic() + 60
    while len(acknowledged) < count:
        assert time.monotonic() < deadline, f"only {len(acknowledged)} writes succeeded"
        time.sleep(0.01)


def _kill_engine(running: Running) -> int:
    """Kill the engine, which the platform starts again; return how many were killed."""
    engine = running.platform.engine
    assert engine is not None
    pid = engine.child.pid
    assert pid is not None
    return _kill(pid)


def _kill_function(running: Running) -> int:
    """Kill a process of a function, whatever it does; return how many were killed."""
    functions = [child.pid for child in running.children() if runs_a_function(child)]
    return _kill(random.choice(functions)) if functions else 0


def _kill(pid: int) -> int:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:  # it ends or is started again at this moment
        return 0
    return 1
