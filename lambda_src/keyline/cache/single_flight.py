"""Calls for the same key at the same time share the work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, wait
from typing import Generic, TypeVar

import msgspec

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Flight(msgspec.Struct, Generic[V], frozen=True):
    fresh: bool
    result: Future[V] = msgspec.field(default_factory=Future)


class SingleFlight(Generic[K, V]):
    """Does the work of a key once for all threads that ask for it meanwhile.

    Nothing is kept: a call after the work has ended works again.
    """

    def __init__(self) -> None:
        self._flights: dict[K, _Flight[V]] = {}
        self._lock = threading.Lock()

    def do(self, key: K, work: Callable[[], V], *, fresh: bool = False) -> V:
        """Return the result of the work, the caller's own or that of another call.

        One work of a key runs at a time. An error of the work reaches all calls that share it.

        Parameters
        ----------
        work
            Makes the result. The work must not call `do` with the same key, which would wait for
            itself.
        fresh
            Whether the work reads everything again. A fresh call takes the result of another
            fresh call alone, and only if its work began after this call.
        """
        began_before = True
        while True:
            with self._lock:
                flight = self._flights.get(key)
                if flight is None:
                    own = self._flights[key] = _Flight[V](fresh)
            if flight is None:
                return self._fly(key, own, work)
            if not fresh or (flight.fresh and not began_before):
                return flight.result.result()
            wait([flight.result])
            began_before = False  # what flies from now on began after this call

    def _fly(self, key: K, flight: _Flight[V], work: Callable[[], V]) -> V:
        try:
            result = work()
        except BaseException as error:
            self._land(key)
            flight.result.set_exception(error)
            raise
        self._land(key)
        flight.result.set_result(result)
        return result

    def _land(self, key: K) -> None:
        with self._lock:
            del self._flights[key]
