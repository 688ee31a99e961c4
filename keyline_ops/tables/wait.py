"""Waiting for what DynamoDB does in its own time: minutes to hours."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from keyline.errors import KeylineError

T = TypeVar("T")

PAUSE_SECONDS = 10.0
_FIRST_SECONDS = 0.5


def until(
    look: Callable[[], T],
    done: Callable[[T], bool],
    tell: Callable[[T], None],
    *,
    pause: float = PAUSE_SECONDS,
) -> T:
    """Look again and again until it is done; nothing but the caller's patience bounds it.

    Parameters
    ----------
    tell
        Is given what was seen each time it is not done.
    pause
        Seconds at most: the first looks come sooner after one another.
    """
    wait = min(pause, _FIRST_SECONDS)
    while True:
        seen = look()
        if done(seen):
            return seen
        tell(seen)
        time.sleep(wait)
        wait = min(pause, 2 * wait)


def refuse_local(what: str) -> KeylineError:
    """Return the error of what the local engine cannot do."""
    return KeylineError(
        "environment local",
        f"the local engine keeps no {what}.",
        "Name an environment on AWS. `keyline backup` keeps the whole state of this machine.",
    )
