"""The process' own memory as a cache."""

from __future__ import annotations

import time
from collections.abc import Callable

from keyline.cache.backend import LEASE_SECONDS
from keyline.cache.lru import LRU


class Memory:
    """A `Backend` in the process; the least recently used answers go first.

    Parameters
    ----------
    seconds
        How old an answer may be.
    entries
        The most answers that are kept.
    clock
        Seconds.
    """

    def __init__(
        self, seconds: float, entries: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._answers: LRU[str, bytes] = LRU(seconds, entries, clock=clock)
        self._leases: LRU[str, bool] = LRU(LEASE_SECONDS, entries, clock=clock)

    def get(self, key: str) -> bytes | None:
        """Return what is kept, unless it is too old."""
        return self._answers.get(key)

    def put(self, key: str, value: bytes) -> None:
        """Keep an answer until it is too old."""
        self._answers.put(key, value)

    def lease(self, key: str) -> bool:
        """Take the lease of a key; False if another request has it."""
        return self._leases.add(key, True)

    def release(self, key: str) -> None:
        """End the lease."""
        self._leases.remove(key)
