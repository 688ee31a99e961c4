"""A circuit breaker for a server that requests can do without."""

from __future__ import annotations

import time
from collections.abc import Callable


class Circuit:
    """Closed while a server answers. A failure opens it: for some time the server is not asked.

    Parameters
    ----------
    seconds
        For how long a failure opens it.
    clock
        Seconds, which never go back.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._open_until = float("-inf")
        self._failed = False

    @property
    def is_open(self) -> bool:
        """Return whether the server is not asked."""
        return self._clock() < self._open_until

    def fail(self) -> bool:
        """Open the circuit; True at the first failure, which is worth a line in the log."""
        first, self._failed = not self._failed, True
        self._open_until = self._clock() + self._seconds
        return first
