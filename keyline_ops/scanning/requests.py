"""Requests of a scan: repeated while DynamoDB throttles or does not answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from keyline.errors import KeylineError
from keyline.run import THROTTLED, Connection, NoReplyError, ReplyError, backoff
from keyline_ops.advice import advice_on

ATTEMPTS = 8
"""How often a request is sent while DynamoDB throttles or does not answer; with the connection's
own tries and the pauses between them some 10 to 60 seconds."""


class ScanStoppedError(KeylineError):
    """A scan that could not go on. What is done stays done."""


@dataclass(frozen=True)
class Requests:
    """Sends requests.

    Parameters
    ----------
    path
        What errors name first: what reads the table.
    stop
        Set if the command is ending: no request is sent any more.
    """

    connection: Connection
    path: str
    stop: threading.Event = field(default_factory=threading.Event)
    wait: Callable[[int], None] = backoff.wait

    def send(self, operation: str, request: Mapping[str, Any]) -> bytes:
        """Send a request that may be repeated, and return the body of the reply.

        Raises
        ------
        ReplyError
            If a condition does not hold, or a transaction was cancelled.
        ScanStoppedError
            If DynamoDB refuses, throttles or does not answer for too long.
        """
        attempt = 1
        while True:
            if self.stop.is_set():
                raise ScanStoppedError(self.path, "is ending.", "Run the command again.")
            try:
                return self.connection.send(operation, request).body
            except NoReplyError as error:
                said = f"got no answer from DynamoDB ({error})."
            except ReplyError as error:
                if error.code in _ANSWERS:
                    raise
                if error.code not in THROTTLED and error.status < 500:
                    advice = advice_on(error.code, "Correct it and run the command again.")
                    said = f"DynamoDB refused {operation} ({error.code}): {error.message}"
                    raise ScanStoppedError(self.path, said, advice) from error
                said = f"DynamoDB throttled or failed ({error.code})."
            if attempt == ATTEMPTS:
                advice = "Run the same command again: it goes on there."
                raise ScanStoppedError(self.path, said, advice)
            self.wait(attempt)
            attempt += 1


_ANSWERS = frozenset({"ConditionalCheckFailedException", "TransactionCanceledException"})


class Rate:
    """Lets so much pass in a second, for all threads together.

    Parameters
    ----------
    most
        Items, or units, a second; None for no limit.
    """

    def __init__(
        self,
        most: float | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._most, self._clock, self._sleep = most, clock, sleep
        self._lock = threading.Lock()
        self._next = clock()

    def take(self, count: float) -> None:
        """Wait until so much more may pass."""
        if self._most is None:
            return
        with self._lock:
            now = self._clock()
            start = max(now, self._next)
            self._next = start + count / self._most
        if start > now:
            self._sleep(start - now)
