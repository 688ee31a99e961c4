"""A circuit breaker for calls of DynamoDB that requests can do without."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from keyline.run import (
    RequestRefusedError,
    ThrottledError,
    TransactionCancelledError,
    UnavailableError,
    UnprocessedLeftError,
)

FAILURES = (
    UnavailableError,
    ThrottledError,
    RequestRefusedError,
    TransactionCancelledError,
    UnprocessedLeftError,
)
"""Errors of a call that another try may not have. Every other error is an answer."""

SLOW_SECONDS = 1.0
"""A failure that took at least so long opens the breaker."""
OPEN_SECONDS = 10.0
"""How long the breaker stays open."""

T = TypeVar("T")


class Breaker:
    """A circuit breaker: closed, it lets calls pass; open, it refuses them at once.

    A failure that took `SLOW_SECONDS` opens it for `OPEN_SECONDS`. Otherwise each request would
    wait for the same timeouts, one after the other. A quick failure costs a request nothing and
    leaves the breaker closed.

    Parameters
    ----------
    clock
        Seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open_until = float("-inf")

    @property
    def open(self) -> bool:
        """Return whether calls are refused."""
        return self._clock() < self._open_until

    def call(self, make: Callable[[], T]) -> T:
        """Make a call while the breaker is closed.

        Raises
        ------
        UnavailableError
            If the breaker is open. The call was not made.
        """
        if self.open:
            raise UnavailableError(
                "migration",
                "the circuit breaker is open: DynamoDB is not called for some seconds.",
                "Try again after these seconds.",
            )
        started = self._clock()
        try:
            return make()
        except FAILURES:
            ended = self._clock()
            if ended - started >= SLOW_SECONDS:
                self._open_until = ended + OPEN_SECONDS
            raise
