"""The segments of a table, each in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")

SEGMENTS = 8
"""Segments that are read at once, where nobody says how many."""


def in_parallel(
    carry_out: Callable[[int], T], numbers: list[int], stop: threading.Event
) -> list[T]:
    """Carry out each number in a thread of its own; the first error ends all.

    Parameters
    ----------
    stop
        Is set if a thread failed or the command is ending. Requests then end.
    """
    if not numbers:
        return []
    with ThreadPoolExecutor(len(numbers), "scan") as executor:
        futures: list[Future[T]] = [executor.submit(carry_out, number) for number in numbers]
        try:
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            failed = [future for future in done if future.exception() is not None]
            if failed:
                stop.set()
                failed[0].result()
        except BaseException:
            stop.set()
            raise
    return [future.result() for future in futures]
