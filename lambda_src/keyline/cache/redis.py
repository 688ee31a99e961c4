"""A redis as a cache that all instances of a function share."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from keyline.cache.backend import LEASE_SECONDS, UnreachableError
from keyline.circuit import Circuit

OPEN_SECONDS = 30.0
"""For how long redis is not asked after a failure."""

_log = logging.getLogger(__name__)


class Redis:
    """A `Backend` in redis, with a circuit breaker.

    The circuit is closed while redis answers. A failure opens it for a while: each call is then
    refused at once. The first failure of a process is logged.

    Parameters
    ----------
    url
        `redis://host:6379/0`, or `rediss://...` for TLS. A user in it who has no password,
        `rediss://user@host:6379/0`, authenticates by a token of IAM.
    seconds
        How old an answer may be.
    timeout
        Seconds that a command waits for redis, to connect and to be answered.
    clock
        Seconds.
    rest
        Seconds for which redis is not asked after a failure: 0 where the work cannot be done
        without redis.
    """

    def __init__(
        self,
        url: str,
        seconds: float,
        timeout: float,
        clock: Callable[[], float] = time.monotonic,
        *,
        rest: float = OPEN_SECONDS,
    ) -> None:
        # the library is in the bundles of the systems that require it, and is slow
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        from keyline.cache.iam import with_tokens

        self._failures: tuple[type[Exception], ...] = (redis.RedisError, OSError)
        address, tokens = with_tokens(url)
        # By default there are ten tries, with waits of up to a second. A connection that redis has
        # closed while it was idle is found before it is used.
        self._client = redis.Redis.from_url(
            address,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
            credential_provider=tokens,
        )
        self._milliseconds = int(seconds * 1000)
        self._circuit = Circuit(rest, clock)

    def get(self, key: str) -> bytes | None:
        """Return what is kept, unless it is too old."""
        value = self._ask(lambda: self._client.get(key))
        return value if isinstance(value, bytes) else None

    def put(self, key: str, value: bytes) -> None:
        """Keep an answer until it is too old."""
        self._ask(lambda: self._client.set(key, value, px=self._milliseconds))

    def lease(self, key: str) -> bool:
        """Take the lease of a key; False if another request has it."""
        name, milliseconds = _lease_key(key), int(LEASE_SECONDS * 1000)
        return bool(self._ask(lambda: self._client.set(name, b"1", nx=True, px=milliseconds)))

    def release(self, key: str) -> None:
        """End the lease."""
        self._ask(lambda: self._client.delete(_lease_key(key)))

    def _ask(self, command: Callable[[], object]) -> object:
        if self._circuit.is_open:
            raise UnreachableError
        try:
            return command()
        except self._failures as error:
            if self._circuit.fail():
                _log.warning("the cache cannot be reached (%s); going on without", type(error))
            raise UnreachableError from error


def _lease_key(key: str) -> str:
    return f"{key}:lease"
