"""Values in the process, up to an age and a weight."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

import msgspec

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Entry(msgspec.Struct, Generic[V], frozen=True):
    value: V
    since: float
    weight: int


class LRU(Generic[K, V]):
    """Values by key; the least recently used go first. Threads may share it.

    Parameters
    ----------
    seconds
        How old a value may be. A value of exactly this age is too old; 0 keeps none.
    most
        The most that all values may weigh.
    weigh
        What a value weighs. Each weighs 1 where it is not given, so that `most` is their number.
    clock
        Seconds. The default never goes back and knows no date: another clock is needed only where
        values have the time of another process.
    """

    def __init__(
        self,
        seconds: float,
        most: int,
        weigh: Callable[[V], int] = lambda _: 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = seconds
        self._most = most
        self._weigh = weigh
        self._clock = clock
        self._kept: OrderedDict[K, _Entry[V]] = OrderedDict()
        self._weight = 0
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        """Return a value that is young enough, or None."""
        with self._lock:
            return self._get(key)

    def put(self, key: K, value: V, since: float | None = None) -> None:
        """Keep a value in place of what is there.

        A value that is too old or too heavy is not kept.

        Parameters
        ----------
        since
            What its age is counted from, by the clock; None for now.
        """
        entry = self._entry(value, since)
        with self._lock:
            self._put(key, entry)

    def add(self, key: K, value: V) -> bool:
        """Keep a value; False, and nothing is changed, if the key has one that is young enough."""
        entry = self._entry(value, None)
        with self._lock:
            if self._get(key) is not None:
                return False
            self._put(key, entry)
            return True

    def remove(self, key: K) -> None:
        """Remove a value, if there is one."""
        with self._lock:
            self._remove(key)

    def is_young(self, since: float) -> bool:
        """Return whether a value of this time may be used.

        A value of the future may not: the clock that gave it its time, or this one, is wrong.
        """
        return 0 <= self._clock() - since < self._seconds

    def _get(self, key: K) -> V | None:
        entry = self._kept.get(key)
        if entry is None:
            return None
        if not self.is_young(entry.since):
            self._remove(key)
            return None
        self._kept.move_to_end(key)
        return entry.value

    def _entry(self, value: V, since: float | None) -> _Entry[V]:
        return _Entry(value, self._clock() if since is None else since, self._weigh(value))

    def _put(self, key: K, entry: _Entry[V]) -> None:
        self._remove(key)
        if entry.weight > self._most or not self.is_young(entry.since):
            return
        self._kept[key] = entry
        self._weight += entry.weight
        while self._weight > self._most:
            _, dropped = self._kept.popitem(last=False)
            self._weight -= dropped.weight

    def _remove(self, key: K) -> None:
        entry = self._kept.pop(key, None)
        if entry is not None:
            self._weight -= entry.weight
