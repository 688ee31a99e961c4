"""DynamoDB while it is moved to: writes that it does not take are pending and are repeated."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from keyline.errors import KeylineError
from keyline.migration.breaker import FAILURES, Breaker
from keyline.migration.metrics import Counters
from keyline.model.migration_metrics import (
    FALLBACKS,
    MISMATCHES,
    MISSES,
    READ_FAILURES,
    SETTLED,
    WRITE_FAILURES,
)
from keyline.run import ItemUnreadableError, UnavailableError

SETTLED_AT_ONCE = 25
"""The most pending writes that one call of `Target.settle` repeats."""

T = TypeVar("T")


class PendingWrites(deque[Callable[[], None]]):
    """The writes that DynamoDB lacks of one item of the source, oldest first.

    The item's lock guards them. Each write must be one that can be repeated: its try may have
    been carried out although its answer was lost.

    Attributes
    ----------
    replicated
        Epoch seconds of the last write that DynamoDB took.
    """

    replicated: float = 0.0


class Target:
    """DynamoDB in phases 1 and 2: its failures are counted, and fail no request.

    Parameters
    ----------
    share
        The share of the reads that the source answers and that are compared with DynamoDB,
        0 to 1.
    now
        Epoch seconds.
    """

    def __init__(
        self, breaker: Breaker, counters: Counters, share: float, now: Callable[[], float]
    ) -> None:
        self._breaker = breaker
        self._counters = counters
        self._share = share
        self._now = now

    def write(self, pending: PendingWrites, make: Callable[[], None]) -> None:
        """Write what the source has. A write that fails is pending, behind those that are.

        An error that is an answer of DynamoDB is raised.
        """
        if pending:
            pending.append(make)
            return
        try:
            self._breaker.call(make)
            pending.replicated = self._now()
        except FAILURES as error:
            pending.append(make)
            self._counters.failed(WRITE_FAILURES, error)

    def settle(self, pending: PendingWrites, gone: type[KeylineError]) -> KeylineError | None:
        """Repeat pending writes in their order, `SETTLED_AT_ONCE` at most.

        Parameters
        ----------
        gone
            The answer that nothing of the item can be read any more, which `settle` raises.

        Returns
        -------
        KeylineError or None
            Why some writes are left; None if none is.
        """
        for _ in range(SETTLED_AT_ONCE):
            if not pending:
                return None
            try:
                self._breaker.call(pending[0])
            except gone:
                raise
            except KeylineError as error:
                self._counters.failed(WRITE_FAILURES, error)
                return error
            pending.popleft()
            pending.replicated = self._now()
            self._counters.count(SETTLED)
        if not pending:
            return None
        return UnavailableError(
            "migration",
            "more writes are pending than are repeated at once.",
            "Try again: each request repeats some of them.",
        )

    def ask(
        self, pending: PendingWrites, read: Callable[[], T], gone: type[KeylineError]
    ) -> T | None:
        """Read from DynamoDB.

        Parameters
        ----------
        gone
            The answer that DynamoDB lacks the item. Such an answer is counted as a mismatch.

        Returns
        -------
        T or None
            The answer; None if the source has to answer.
        """
        if pending:
            self._counters.count(FALLBACKS)
            return None
        try:
            return self._breaker.call(read)
        except gone:
            self._counters.count(MISMATCHES, MISSES)
        except (*FAILURES, ItemUnreadableError) as error:
            self._counters.failed(READ_FAILURES, error)
            self._counters.count(FALLBACKS)
        return None

    def is_compared(self, pending: PendingWrites) -> bool:
        """Draw whether DynamoDB is asked beside the source, to see what it would answer."""
        if pending or self._breaker.open:
            return False
        return random.random() < self._share  # noqa: S311 - not a secret
