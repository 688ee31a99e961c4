"""Waiting before another try: exponential with full jitter, so that tries spread out."""

from __future__ import annotations

import random
import time

BASE_SECONDS = 0.025
MAX_SECONDS = 2.0


def wait(attempt: int) -> None:
    """Sleep before the next try.

    Parameters
    ----------
    attempt
        How many tries were made; the wait is up to 25 ms, 50 ms, 100 ms, ... and 2 s.
    """
    longest = min(MAX_SECONDS, BASE_SECONDS * 2.0 ** (attempt - 1))
    time.sleep(random.uniform(0, longest))  # noqa: S311 - no secret
