"""A stage's throttle: a token bucket."""

from __future__ import annotations

import time
from collections.abc import Callable


class Throttle:
    """Lets `rate` requests per second through, and up to `burst` at once.

    Parameters
    ----------
    clock
        Seconds, monotonic.
    """

    def __init__(
        self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._tokens = float(burst)
        self._filled = clock()

    def admit(self) -> bool:
        """Take a token; False if there is none."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
