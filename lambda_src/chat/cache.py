"""A cache for analytics: the same question within some minutes is answered from memory.

With `cache_url` it is a redis that all instances of a function share, without one the
instance's own memory. A redis that is down never fails a request: the answer is then
computed, and the failure counted.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import msgspec

from chat.settings import Settings

T = TypeVar("T")
Count = Callable[[str], None]
"""Counts one event of a name."""

HIT, MISS, FAILURE = "CacheHits", "CacheMisses", "CacheFailures"

REDIS_TIMEOUT = 0.25
"""Seconds that a request waits for redis at most, for each command."""
REDIS_PAUSE = 30.0
"""Seconds after a failure in which redis is left alone."""
LEASE = 10.0
"""Seconds for which one request may compute an answer that others wait for."""
WAIT = 1.0
"""Seconds that others wait, before they compute it themselves."""
_POLL = 0.05
_MEMORY_ENTRIES = 500

_log = logging.getLogger(__name__)


class Unreachable(Exception):
    """A cache that cannot be asked at present."""


class Backend(Protocol):
    """Where answers are kept."""

    def get(self, key: str) -> bytes | None:
        """What is kept, unless it is too old."""

    def put(self, key: str, value: bytes, seconds: float) -> None:
        """Keep an answer for so long."""

    def lease(self, key: str, seconds: float) -> bool:
        """Whether the caller is the one to compute the answer."""

    def release(self, key: str) -> None:
        """End the lease."""


class Memory:
    """The process's own memory, with the least recently used entries dropped."""

    def __init__(
        self, entries: int = _MEMORY_ENTRIES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._entries = entries
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._leases: dict[str, float] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        """What is kept, unless it is too old."""
        with self._lock:
            until, value = self._kept.get(key, (0.0, b""))
            if until <= self._clock():
                self._kept.pop(key, None)
                return None
            self._kept.move_to_end(key)
            return value

    def put(self, key: str, value: bytes, seconds: float) -> None:
        """Keep an answer for so long."""
        with self._lock:
            self._kept[key] = (self._clock() + seconds, value)
            self._kept.move_to_end(key)
            while len(self._kept) > self._entries:
                self._kept.popitem(last=False)

    def lease(self, key: str, seconds: float) -> bool:
        """Whether the caller is the one to compute the answer."""
        with self._lock:
            now = self._clock()
            if self._leases.get(key, now) > now:
                return False
            self._leases[key] = now + seconds
            return True

    def release(self, key: str) -> None:
        """End the lease."""
        with self._lock:
            self._leases.pop(key, None)


class Redis:
    """A redis, left alone for a while after it failed.

    Parameters
    ----------
    url
        `redis://host:6379/0` or `rediss://...`.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        import redis  # the one function that caches pays for the import, where it is set

        self._failures: tuple[type[Exception], ...] = (redis.RedisError, OSError)
        self._client = redis.Redis.from_url(
            url, socket_timeout=REDIS_TIMEOUT, socket_connect_timeout=REDIS_TIMEOUT
        )
        self._clock = clock
        self._closed_until = 0.0
        self._told = False

    def get(self, key: str) -> bytes | None:
        """What is kept, unless it is too old."""
        value = self._ask(lambda: self._client.get(key))
        return value if isinstance(value, bytes) else None

    def put(self, key: str, value: bytes, seconds: float) -> None:
        """Keep an answer for so long."""
        self._ask(lambda: self._client.set(key, value, px=int(seconds * 1000)))

    def lease(self, key: str, seconds: float) -> bool:
        """Whether the caller is the one to compute the answer."""
        name = _lease_key(key)
        return bool(
            self._ask(lambda: self._client.set(name, b"1", nx=True, px=int(seconds * 1000)))
        )

    def release(self, key: str) -> None:
        """End the lease."""
        self._ask(lambda: self._client.delete(_lease_key(key)))

    def _ask(self, command: Callable[[], object]) -> object:
        if self._clock() < self._closed_until:
            raise Unreachable
        try:
            return command()
        except self._failures as error:
            self._closed_until = self._clock() + REDIS_PAUSE
            if not self._told:
                self._told = True
                _log.warning("the cache cannot be reached (%s); going on without", type(error))
            raise Unreachable from error


class Cache:
    """Answers by question, computed when they are missing.

    Parameters
    ----------
    seconds
        How old an answer may be.
    count
        Told of each hit, miss and failure.
    """

    def __init__(
        self,
        backend: Backend,
        seconds: float,
        count: Count,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._backend = backend
        self._seconds = seconds
        self._count = count
        self._sleep = sleep

    @classmethod
    def of(cls, settings: Settings, count: Count) -> Cache:
        """The cache that the settings name."""
        backend: Backend = Redis(settings.cache_url) if settings.cache_url else Memory()
        return cls(backend, settings.cache_seconds, count)

    def answer(self, question: Sequence[object], shape: type[T], compute: Callable[[], T]) -> T:
        """The answer to a question, from the cache or computed and kept.

        Where several ask the same at once, one computes and the others wait for it a while.
        An error is not kept.

        Parameters
        ----------
        question
            What tells one question from another, with what the viewer may see.
        shape
            The type of the answer.
        """
        key = key_of(question)
        try:
            kept, leased = self._kept_or_leased(key)
        except Unreachable:
            self._count(FAILURE)
            self._count(MISS)
            return compute()
        answer = _read(kept, shape)
        if answer is not None:
            self._count(HIT)
            return answer
        self._count(MISS)
        try:
            answer = compute()
            self._try(lambda: self._backend.put(key, msgspec.json.encode(answer), self._seconds))
            return answer
        finally:
            if leased:
                self._try(lambda: self._backend.release(key))

    def _kept_or_leased(self, key: str) -> tuple[bytes | None, bool]:
        """What is kept, after a while of waiting for it; whether the caller is to compute it."""
        waited = 0.0
        while True:
            kept = self._backend.get(key)
            leased = kept is None and self._backend.lease(key, LEASE)
            if kept is not None or leased or waited >= WAIT:
                return kept, leased
            self._sleep(_POLL)
            waited += _POLL

    def _try(self, command: Callable[[], None]) -> None:
        try:
            command()
        except Unreachable:
            self._count(FAILURE)


def _read(kept: bytes | None, shape: type[T]) -> T | None:
    """What was kept, unless it was kept by a version that answered otherwise."""
    try:
        return None if kept is None else msgspec.json.decode(kept, type=shape)
    except msgspec.DecodeError:
        return None


def key_of(question: Sequence[object]) -> str:
    """A key of fixed length for a question."""
    return "chat:" + hashlib.sha256(msgspec.json.encode(list(question))).hexdigest()


def _lease_key(key: str) -> str:
    return f"{key}:lease"
