"""Moments that are never given twice: what makes a sort key of times free of collisions."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

_MICROSECONDS = 1000.0
SPREAD_MICROSECONDS = 32
"""How far the next moment after a first collision may lie; doubled with each further one."""


class UniqueClock:
    """Epoch milliseconds with three decimals, each later than the one before.

    Unique in a process. Between processes a conditional create finds the rare collision,
    and `Store.put_unique` takes a later moment then.

    Parameters
    ----------
    now
        Epoch nanoseconds.
    """

    def __init__(self, now: Callable[[], int] = time.time_ns) -> None:
        self._now = now
        self._last = 0
        self._lock = threading.Lock()

    def next(self, after: float | None = None) -> float:
        """Return a moment that was not given before, in epoch milliseconds.

        Parameters
        ----------
        after
            Epoch milliseconds that it has to be later than; the process' clock goes on from it.
        """
        floor = 0 if after is None else round(after * _MICROSECONDS)
        with self._lock:
            self._last = max(self._now() // 1000, self._last + 1, floor + 1)
            return self._last / _MICROSECONDS


def later(moment: float, collisions: int) -> float:
    """Return a moment after one that was taken, at a random distance, so that writers part.

    Parameters
    ----------
    moment
        Epoch milliseconds.
    collisions
        How many there were in a row.
    """
    spread = SPREAD_MICROSECONDS * 2**collisions
    return moment + random.randrange(spread) / _MICROSECONDS  # noqa: S311 - no secret


PROCESS = UniqueClock()
"""The clock that all writers of a process share."""
