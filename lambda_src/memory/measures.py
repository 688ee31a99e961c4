"""The measures of contexts and searches: published as metrics, and kept as averages."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from keyline.cache import HIT, MISS
from keyline.metrics import Metrics, MetricUnit
from memory.metrics import CONTEXT_MEMORY, CONTEXT_TIME, EMBEDDING_FAILED, SEARCH_TIME

_STATM = Path("/proc/self/statm")
"""Linux alone has it. The second number of the file is the resident pages."""
_PAGES_PER_MEGABYTE = 256


class Times(msgspec.Struct):
    """The number of runs of something, and its average time in milliseconds."""

    count: int = 0
    total: float = 0.0
    _lock: threading.Lock = msgspec.field(default_factory=threading.Lock)

    def add(self, milliseconds: float) -> None:
        """Count one more."""
        with self._lock:
            self.count += 1
            self.total += milliseconds

    @property
    def average(self) -> float:
        """The average; 0 if nothing was counted."""
        with self._lock:
            return self.total / self.count if self.count else 0.0


class Measures:
    """Measures the contexts and searches of a process. Threads may share it.

    Parameters
    ----------
    metrics
        Where they are published; None where they are not.
    """

    def __init__(self, metrics: Metrics | None) -> None:
        self._metrics = metrics
        self._lock = threading.Lock()
        self._counts = Counter[str]()
        self.contexts = Times()
        self.searches = Times()

    def count(self, name: str) -> None:
        """Count a hit, a miss or a failure of the cache."""
        with self._lock:
            self._counts[name] += 1
        if self._metrics:
            self._metrics.count(name)

    def embedding_failed(self) -> None:
        """Count a text of which no vector could be made."""
        self.count(EMBEDDING_FAILED)

    @property
    def hit_rate(self) -> float:
        """Return the share of contexts from the cache, 0 to 1; 0 without any context."""
        with self._lock:
            asked = self._counts[HIT] + self._counts[MISS]
            return self._counts[HIT] / asked if asked else 0.0

    @contextmanager
    def context(self) -> Iterator[None]:
        """Measure a context that is built or taken from the cache."""
        before = _resident_pages()
        with self._timed(self.contexts, CONTEXT_TIME):
            yield
        grown = max(0, _resident_pages() - before) / _PAGES_PER_MEGABYTE
        if self._metrics:
            self._metrics.put(CONTEXT_MEMORY, grown, MetricUnit.Megabytes)

    @contextmanager
    def search(self) -> Iterator[None]:
        """Measure a search."""
        with self._timed(self.searches, SEARCH_TIME):
            yield

    @contextmanager
    def _timed(self, times: Times, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        milliseconds = (time.perf_counter() - started) * 1000
        times.add(milliseconds)
        if self._metrics:
            self._metrics.put(name, milliseconds, MetricUnit.Milliseconds)


def _resident_pages() -> int:
    """Return the pages of memory that the process has; 0 where the system does not tell."""
    try:
        return int(_STATM.read_text(encoding="ascii").split()[1])
    except OSError:
        return 0
