"""The cache of contexts (L1) before DynamoDB (L2): what a write changes is never served again.

Every user has a version: a text that each write of the user replaces. The version is a part of the
key of each context, so a write makes all kept contexts of its user unreachable at once. No key is
searched for or deleted.

The indexes of a table follow its writes within a second or so. A context that is built within
`SETTLE_SECONDS` of a write may lack it, so it is answered and not kept.

If redis cannot be reached, the context is built. A write that cannot replace the version succeeds:
the stream of the table replaces it as soon as redis answers.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import TypeVar

from keyline.cache import FAILURE, MISS, Backend, Cache, Count, Redis, UnreachableError
from memory.settings import Settings

T = TypeVar("T")

PREFIX = "memory:"
PATIENT_SECONDS = 1.0
"""How long a consumer of the stream waits for redis."""
SETTLE_SECONDS = 5.0
"""How long after a write no context is kept. The time allows for the difference of two clocks
too."""


class ContextCache:
    """Keeps contexts by user and question. Threads and instances may share it.

    Parameters
    ----------
    backend
        Where contexts and versions are kept; None if nothing is kept.
    count
        Told of each hit, miss and failure.
    clock
        Epoch seconds.
    """

    def __init__(
        self, backend: Backend | None, count: Count, clock: Callable[[], float] = time.time
    ) -> None:
        self._backend = backend
        self._count = count
        self._clock = clock
        self._cache = None if backend is None else Cache(backend, PREFIX, count)

    @classmethod
    def of(cls, settings: Settings, count: Count) -> ContextCache:
        """Make the cache that the settings describe."""
        if not settings.cache_url:
            return cls(None, count)
        timeout = settings.cache_timeout_ms / 1000
        return cls(Redis(settings.cache_url, settings.cache_seconds, timeout), count)

    @classmethod
    def of_stream(cls, settings: Settings, count: Count) -> ContextCache:
        """Make the cache for a consumer of the stream, which no user waits for.

        A consumer waits longer for redis than a request does. After a failure each retry asks redis
        again: a pause would use up all retries of the stream, and a wrong context would stay.
        """
        if not settings.cache_url:
            return cls(None, count)
        backend = Redis(settings.cache_url, settings.cache_seconds, PATIENT_SECONDS, rest=0.0)
        return cls(backend, count)

    def answer(
        self, user_id: str, question: Sequence[object], shape: type[T], compute: Callable[[], T]
    ) -> T:
        """Return what is kept for a question of a user, or computed and kept.

        Parameters
        ----------
        shape
            The type of the answer.
        """
        if self._backend is None or self._cache is None:
            return compute()
        try:
            version = self._version(self._backend, user_id)
        except UnreachableError:
            self._count(FAILURE)
            self._count(MISS)
            return compute()
        if self._clock() - _moment_of(version) < SETTLE_SECONDS:
            self._count(MISS)
            return compute()
        return self._cache.answer((user_id, version.decode(), *question), shape, compute)

    def renew(self, user_id: str) -> None:
        """Make all kept contexts of a user unreachable.

        Raises
        ------
        UnreachableError
            If redis does not answer.
        """
        if self._backend is not None:
            self._backend.put(self._key(user_id), self._new_version())

    def try_to_renew(self, user_id: str) -> None:
        """Make all kept contexts of a user unreachable, or leave it to the stream."""
        try:
            self.renew(user_id)
        except UnreachableError:
            self._count(FAILURE)

    def _version(self, backend: Backend, user_id: str) -> bytes:
        """Return the user's version. A version that is lost is replaced by a new one."""
        key = self._key(user_id)
        kept = backend.get(key)
        if kept is None:
            kept = self._new_version()
            backend.put(key, kept)
        return kept

    def _key(self, user_id: str) -> str:
        """Return the key of a user's version: a digest, so of fixed length."""
        return f"{PREFIX}version:{sha256(user_id.encode()).hexdigest()}"

    def _new_version(self) -> bytes:
        return f"{self._clock():.3f}-{uuid.uuid4().hex}".encode()


def _moment_of(version: bytes) -> float:
    """Return when a version was made: epoch seconds."""
    return float(version.partition(b"-")[0])
