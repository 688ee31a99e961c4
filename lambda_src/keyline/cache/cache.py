"""Answers that are kept: the same question within some minutes is not computed again.

The answers are in a redis that all instances of a function share, or in the instance's own
memory. A redis that is down never fails a request: the answer is then computed, and the failure
counted.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

import msgspec

from keyline.cache.backend import Backend, UnreachableError
from keyline.cache.memory import Memory
from keyline.cache.redis import Redis
from keyline.cache.settings import CacheSettings
from keyline.known_types import decoder_of
from keyline.model import CACHE_METRICS

T = TypeVar("T")
Count = Callable[[str], None]
"""Counts one event of a name."""

HIT, MISS, FAILURE = (metric.name for metric in CACHE_METRICS)

WAIT_SECONDS = 1.0
"""How long a request waits for the answer that another computes, before it computes it itself."""
POLL_SECONDS = 0.05
"""How long such a request waits between two looks."""

_decoder: Callable[[Any], msgspec.json.Decoder[Any]] = cache(decoder_of)
"""One for each shape: a hit makes none."""


class Cache:
    """Answers by question, computed when they are missing.

    Parameters
    ----------
    backend
        Where answers are kept.
    prefix
        What every key begins with.
    count
        Told of each hit, miss and failure.
    sleep
        Waits for some seconds.
    """

    def __init__(
        self,
        backend: Backend,
        prefix: str,
        count: Count,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._backend = backend
        self._prefix = prefix
        self._count = count
        self._sleep = sleep

    @classmethod
    def of(cls, settings: CacheSettings, count: Count) -> Cache:
        """Make the cache that the settings describe."""
        backend: Backend = (
            Redis(settings.url, settings.seconds, settings.timeout)
            if settings.url
            else Memory(settings.seconds, settings.entries)
        )
        return cls(backend, settings.prefix, count)

    def answer(self, question: Sequence[object], shape: type[T], compute: Callable[[], T]) -> T:
        """Return the answer to a question, from the cache or computed and kept.

        Where several ask the same at once, one computes and the others wait for it a while.
        An error is not kept.

        Parameters
        ----------
        question
            What tells one question from another, with what the viewer may see.
        shape
            The type of the answer.
        """
        key = self.key_of(question)
        try:
            kept, leased = self._kept_or_leased(key)
        except UnreachableError:
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
            self._try(lambda: self._backend.put(key, msgspec.json.encode(answer)))
            return answer
        finally:
            if leased:
                self._try(lambda: self._backend.release(key))

    def key_of(self, question: Sequence[object]) -> str:
        """Return the key of a question: the prefix and a digest, so of fixed length."""
        return self._prefix + hashlib.sha256(msgspec.json.encode(list(question))).hexdigest()

    def _kept_or_leased(self, key: str) -> tuple[bytes | None, bool]:
        """Return what is kept, after a short wait, and whether the caller has to compute it."""
        waited = 0.0
        while True:
            kept = self._backend.get(key)
            leased = kept is None and self._backend.lease(key)
            if kept is not None or leased or waited >= WAIT_SECONDS:
                return kept, leased
            self._sleep(POLL_SECONDS)
            waited += POLL_SECONDS

    def _try(self, command: Callable[[], None]) -> None:
        try:
            command()
        except UnreachableError:
            self._count(FAILURE)


def _read(kept: bytes | None, shape: type[T]) -> T | None:
    """Return what was kept, unless it was kept by a version that answered otherwise."""
    try:
        return None if kept is None else _decoder(shape).decode(kept)
    except msgspec.DecodeError:
        return None
