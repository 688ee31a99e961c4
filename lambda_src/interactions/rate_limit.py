"""How often a client may call: so many requests in each window of time.

A window is counted and decided on in one conditional update, so that any number of requests at
once are admitted exactly as often as the limit says. A request whose answer was lost on the way
from DynamoDB may be counted twice: a limit errs on the strict side.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from interactions.patterns import RATE_COUNT, RATE_WINDOW
from interactions.settings import Settings
from interactions.tables import WindowData
from keyline.moments import iso, us_of_seconds
from keyline.problem import KeylineError
from keyline.run import ConditionFailed, OutcomeUnknown, Store

POLICY = "default"
"""The name of the only policy, as the headers have it."""
_LABEL = b"interactions client address"
_CLIENT_DIGITS = 32
"""Hexadecimal digits of a client's digest: 128 bits."""


@dataclass(frozen=True)
class Span:
    """A window of time, epoch seconds; the end is no part of it."""

    start: int
    end: int

    @classmethod
    def at(cls, now: float, seconds: int) -> Span:
        """The window of so many seconds that a moment is in."""
        start = int(now) // seconds * seconds
        return cls(start, start + seconds)

    @property
    def name(self) -> str:
        """How the window is called in keys."""
        return iso(us_of_seconds(self.start), "seconds")

    @property
    def data(self) -> WindowData:
        """The window as its item describes it."""
        return WindowData(windowStart=self.name, windowEnd=iso(us_of_seconds(self.end), "seconds"))


@dataclass(frozen=True)
class Usage:
    """How much of its current window a client has used up.

    Attributes
    ----------
    count
        Requests admitted in the window.
    limit
        Requests that the window admits.
    now
        Epoch seconds, when this was found.
    """

    count: int
    limit: int
    span: Span
    now: float

    @property
    def remaining(self) -> int:
        """Requests that the window still admits."""
        return max(0, self.limit - self.count)

    @property
    def reset(self) -> int:
        """Seconds until the next window."""
        return max(1, math.ceil(self.span.end - self.now))

    @property
    def headers(self) -> Mapping[str, str]:
        """What an answer says of it (IETF draft-ietf-httpapi-ratelimit-headers-10)."""
        seconds = self.span.end - self.span.start
        return {
            "RateLimit-Policy": f'"{POLICY}";q={self.limit};w={seconds}',
            "RateLimit": f'"{POLICY}";r={self.remaining};t={self.reset}',
        }


class LimitReached(KeylineError):
    """A client that has used up its window.

    Attributes
    ----------
    usage
        How much of the window is used up, and when the next one begins.
    """

    def __init__(self, usage: Usage) -> None:
        super().__init__(
            "client",
            f"has made {usage.limit} requests in {usage.span.end - usage.span.start} seconds.",
            f"Try again in {usage.reset} seconds.",
        )
        self.usage = usage


class RateLimiter(Protocol):
    """Counts the requests of clients."""

    def admit(self, client: str) -> Usage:
        """Count a request of a client.

        Raises
        ------
        LimitReached
            If the window is full. The request is not counted then.
        """

    def usage(self, client: str) -> Usage:
        """How much of its current window a client has used up; counts nothing."""


@dataclass(frozen=True)
class DynamoRateLimiter:
    """The `RateLimiter` that is DynamoDB: one for all processes.

    Parameters
    ----------
    now
        Epoch seconds.
    """

    store: Store
    settings: Settings
    now: Callable[[], float] = time.time

    def admit(self, client: str) -> Usage:
        """Count a request in one call; see `RateLimiter`."""
        now, limit = self.now(), self.settings.rate_limit
        span = Span.at(now, self.settings.rate_window_seconds)
        changes = {
            "Data": span.data,
            "TTL": span.end + self.settings.rate_slack_seconds,
            "count": 1,
        }
        try:
            window = self.store.update(
                RATE_COUNT, changes, client=client, windowStart=span.name, allowed=limit
            )
        except (ConditionFailed, OutcomeUnknown) as error:
            if isinstance(error, OutcomeUnknown) and error.current is None:
                raise  # no answer at all, rather than a window that is full
            raise LimitReached(Usage(limit, limit, span, now)) from error
        return Usage(window.count, limit, span, now)

    def usage(self, client: str) -> Usage:
        """Read the current window's item, consistently; see `RateLimiter`.

        The latest window that is stored may be an old one, so that its key is computed.
        """
        now = self.now()
        span = Span.at(now, self.settings.rate_window_seconds)
        window = self.store.get(RATE_WINDOW, client=client, windowStart=span.name)
        return Usage(window.count if window else 0, self.settings.rate_limit, span, now)


@dataclass(frozen=True)
class ClientNames:
    """Names clients by a keyed digest of their address, which is personal data.

    Parameters
    ----------
    secret
        What the digest's key is derived from. A new one names all clients anew.
    """

    secret: bytes

    def of(self, address: str) -> str:
        """A client's name: the same for the same address, and of no use to find it."""
        key = hmac.digest(self.secret, _LABEL, hashlib.sha256)
        return hmac.new(key, address.encode(), hashlib.sha256).hexdigest()[:_CLIENT_DIGITS]
