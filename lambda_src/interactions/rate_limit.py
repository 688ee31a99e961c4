"""Limit the number of requests of a client in each window of time.

One conditional update both counts a request and decides on it. So the limit is exact, also for
many requests at the same moment. If DynamoDB's answer is lost, a request may be counted twice:
then the limit is a little stricter.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from interactions.patterns import RATE_COUNT, RATE_WINDOW
from interactions.settings import Settings
from interactions.tables import WindowData
from keyline.errors import KeylineError
from keyline.moments import iso, us_of_seconds
from keyline.run import ConditionFailedError, OutcomeUnknownError, Store

POLICY = "default"
"""The name of the only policy, in the headers."""


class Span(msgspec.Struct, frozen=True):
    """A window of time, epoch seconds. The end is not a part of the window."""

    start: int
    end: int

    @classmethod
    def at(cls, now: float, seconds: int) -> Span:
        """Return the window of so many seconds that holds a moment."""
        start = int(now) // seconds * seconds
        return cls(start, start + seconds)

    @property
    def name(self) -> str:
        """Return the name of the window in keys."""
        return iso(us_of_seconds(self.start), "seconds")

    @property
    def data(self) -> WindowData:
        """Return the window as its item holds it."""
        return WindowData(windowStart=self.name, windowEnd=iso(us_of_seconds(self.end), "seconds"))


class Usage(msgspec.Struct, frozen=True):
    """The requests of its current window that a client has used.

    Attributes
    ----------
    count
        The requests that were admitted in the window.
    limit
        The requests that the window admits.
    now
        When this was read, epoch seconds.
    """

    count: int
    limit: int
    span: Span
    now: float

    @property
    def remaining(self) -> int:
        """Return the requests that the window still admits."""
        return max(0, self.limit - self.count)

    @property
    def reset(self) -> int:
        """Return the seconds until the next window."""
        return max(1, math.ceil(self.span.end - self.now))

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers of an answer (IETF draft-ietf-httpapi-ratelimit-headers-10)."""
        seconds = self.span.end - self.span.start
        return {
            "RateLimit-Policy": f'"{POLICY}";q={self.limit};w={seconds}',
            "RateLimit": f'"{POLICY}";r={self.remaining};t={self.reset}',
        }


class LimitReachedError(KeylineError):
    """A client has used all requests of its window.

    Attributes
    ----------
    usage
        The client's use of the window, and when the next window begins.
    """

    def __init__(self, usage: Usage) -> None:
        super().__init__(
            "client",
            f"has made {usage.limit} requests in {usage.span.end - usage.span.start} seconds.",
            f"Try again in {usage.reset} seconds.",
        )
        self.usage = usage


class RateLimiter(Protocol):
    """Count the requests of clients, and refuse those above the limit."""

    def admit(self, client: str) -> Usage:
        """Count a request of a client.

        Raises
        ------
        LimitReachedError
            If the window is full. The request is not counted then.
        """

    def usage(self, client: str) -> Usage:
        """Return how many requests of its window a client has used. This call is not counted."""


class DynamoRateLimiter(msgspec.Struct, frozen=True):
    """The `RateLimiter` in DynamoDB. All processes share its counts.

    Parameters
    ----------
    now
        Epoch seconds.
    """

    store: Store
    settings: Settings
    now: Callable[[], float] = time.time

    def admit(self, client: str) -> Usage:
        """Count a request in one call to DynamoDB; see `RateLimiter`."""
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
        except (ConditionFailedError, OutcomeUnknownError) as error:
            if isinstance(error, OutcomeUnknownError) and error.current is None:
                raise  # the window is not known to be full
            raise LimitReachedError(Usage(limit, limit, span, now)) from error
        return Usage(window.count, limit, span, now)

    def usage(self, client: str) -> Usage:
        """Read the item of the current window, consistently; see `RateLimiter`.

        The key is computed from the present, because the latest stored window may be an old one.
        """
        now = self.now()
        span = Span.at(now, self.settings.rate_window_seconds)
        window = self.store.get(RATE_WINDOW, client=client, windowStart=span.name)
        return Usage(window.count if window else 0, self.settings.rate_limit, span, now)
