"""The rate limiter of phases 1 and 2: DynamoDB's, and the process's own where that fails."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from interactions.rate_limit import LimitReachedError, RateLimiter, Span, Usage
from interactions.settings import Settings
from interactions.system import RATE_LIMIT_FALLBACKS
from keyline.metrics import Metrics
from keyline.migration import FAILURES, Breaker, Counters, Mode, Phase

CLIENTS = 10_000
"""Clients whose windows are held; those unheard of for longest are forgotten first."""


class MemoryRateLimiter:
    """The `RateLimiter` that is the process's memory.

    Parameters
    ----------
    now
        Epoch seconds.
    """

    def __init__(
        self, settings: Settings, clients: int = CLIENTS, now: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._clients = clients
        self._now = now
        self._lock = threading.Lock()
        self._windows: OrderedDict[str, tuple[Span, int]] = OrderedDict()

    def admit(self, client: str) -> Usage:
        """Count a request; see `RateLimiter`."""
        with self._lock:
            usage = self._usage(client)
            if not usage.remaining:
                raise LimitReachedError(usage)
            return self._keep(client, usage, usage.count + 1)

    def usage(self, client: str) -> Usage:
        """Return how much of its current window a client has used up; see `RateLimiter`."""
        with self._lock:
            return self._usage(client)

    def learn(self, client: str, usage: Usage) -> None:
        """Take note of what DynamoDB has counted, unless its window is over by now."""
        with self._lock:
            current = self._usage(client)
            if usage.span == current.span:
                self._keep(client, current, max(usage.count, current.count))

    def _usage(self, client: str) -> Usage:
        now = self._now()
        current = Span.at(now, self._settings.rate_window_seconds)
        span, count = self._windows.get(client, (current, 0))
        return Usage(count if span == current else 0, self._settings.rate_limit, current, now)

    def _keep(self, client: str, usage: Usage, count: int) -> Usage:
        self._windows[client] = usage.span, count
        self._windows.move_to_end(client)
        if len(self._windows) > self._clients:
            self._windows.popitem(last=False)
        return Usage(count, usage.limit, usage.span, usage.now)


class MigratingRateLimiter:
    """The `RateLimiter` that in phases 1 and 2 goes on without DynamoDB.

    A process that cannot ask DynamoDB goes on from what it last knew, and counts by itself:
    clients may then make as many more requests as there are processes. What it counted is
    not told to DynamoDB afterwards. In phase 3 a failure is the request's.
    """

    def __init__(
        self,
        memory: MemoryRateLimiter,
        dynamo: RateLimiter,
        phase: Callable[[], Phase],
        metrics: Metrics,
        breaker: Breaker,
    ) -> None:
        self._memory = memory
        self._dynamo = dynamo
        self._phase = phase
        self._counters = Counters(metrics)
        self._breaker = breaker

    def admit(self, client: str) -> Usage:
        """Count a request; see `RateLimiter`."""
        if self._phase().mode is Mode.TARGET:
            return self._dynamo.admit(client)
        return self._either(client, self._dynamo.admit, self._memory.admit)

    def usage(self, client: str) -> Usage:
        """Return how much of its current window a client has used up; see `RateLimiter`."""
        if self._phase().mode is Mode.TARGET:
            return self._dynamo.usage(client)
        return self._either(client, self._dynamo.usage, self._memory.usage)

    def _either(
        self, client: str, dynamo: Callable[[str], Usage], memory: Callable[[str], Usage]
    ) -> Usage:
        try:
            usage = self._breaker.call(lambda: dynamo(client))
        except LimitReachedError as reached:
            self._memory.learn(client, reached.usage)
            raise
        except FAILURES as error:
            self._counters.failed(RATE_LIMIT_FALLBACKS, error)
            return memory(client)
        self._memory.learn(client, usage)
        return usage
