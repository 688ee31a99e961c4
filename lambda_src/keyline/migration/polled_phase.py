"""The phase that a process knows, read again from time to time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from keyline.migration.phase import Phase, PhaseUnknownError

_log = logging.getLogger(__name__)


class PolledPhase:
    """The phase that its parameter holds, read again when the known one is old.

    A request that finds the phase old reads the parameter: a function has no other time to do
    so. One thread reads, and the other threads go on with the known phase. A read that fails
    changes nothing: the last known phase holds. Before there was one, the default holds.

    Parameters
    ----------
    read
        Reads the parameter; may raise `PhaseUnknownError`.
    seconds
        How long a phase is used before it is read again, whether or not that failed.
    failed
        Counts a read that failed.
    """

    def __init__(
        self,
        default: Phase,
        read: Callable[[], Phase],
        seconds: float,
        failed: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._known = default
        self._read = read
        self._seconds = seconds
        self._failed = failed
        self._clock = clock
        self._next = float("-inf")
        self._lock = threading.Lock()

    def __call__(self) -> Phase:
        """Return the phase now. Ask once for each piece of work, and keep to the answer."""
        first = self._next == float("-inf")
        if self._clock() >= self._next and self._lock.acquire(blocking=first):
            try:
                if self._clock() >= self._next:
                    self._refresh()
                    self._next = self._clock() + self._seconds
            finally:
                self._lock.release()
        return self._known

    def _refresh(self) -> None:
        try:
            found = self._read()
        except PhaseUnknownError as error:
            self._failed()
            _log.error("%s; phase %d goes on", error, self._known.mode)
            return
        if found != self._known:
            _log.warning("phase %d of the migration, before it %d", found.mode, self._known.mode)
        self._known = found
