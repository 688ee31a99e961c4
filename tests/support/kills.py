"""Writers who go on while the engine is killed."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import httpx

from tests.support.client import assert_problem
from tests.support.platform import Running

WRITERS, KILLS, AT_LEAST = 8, 3, 150


def acknowledged_under_kills(
    running: Running, write: Callable[[int], httpx.Response]
) -> list[httpx.Response]:
    """Kill the engine again and again among writes that create something.

    Every write succeeds, or fails cleanly with a problem document.

    Parameters
    ----------
    write
        A writer's number → the answer to one more write.

    Returns
    -------
    The answers that said Created: `AT_LEAST` of them.
    """
    engine = running.platform.engine
    assert engine is not None
    restarts = engine.child.restarts
    stop = threading.Event()
    answers: list[httpx.Response] = []

    def go_on(writer: int) -> None:
        while not stop.is_set():
            answers.append(write(writer))

    with ThreadPoolExecutor(WRITERS) as pool:
        writers = [pool.submit(go_on, writer) for writer in range(WRITERS)]
        try:
            for _ in range(KILLS):
                _wait_for(answers, len(answers) + AT_LEAST // KILLS)
                _kill(engine.child.pid)
            _wait_for(answers, len(answers) + AT_LEAST // KILLS)
        finally:
            stop.set()
        for each in writers:
            each.result()
    assert engine.child.restarts >= restarts + KILLS
    for answer in answers:
        if answer.status_code != HTTPStatus.CREATED:
            assert answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR, answer.text
            assert_problem(answer, answer.status_code)
    acknowledged = [answer for answer in answers if answer.status_code == HTTPStatus.CREATED]
    assert len(acknowledged) >= AT_LEAST
    return acknowledged


def _wait_for(answers: list[httpx.Response], count: int) -> None:
    deadline = time.monotonic() + 60
    while len(answers) < count:
        assert time.monotonic() < deadline, f"only {len(answers)} answers came"
        time.sleep(0.01)


def _kill(pid: int | None) -> None:
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
