"""Waiting for what DynamoDB does in its own time: minutes to hours."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from keyline.errors import KeylineError

T = TypeVar("T")

PAUSE_SECONDS = 10.0


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
        Seconds.
    """
    while True:
        seen = look()
        if done(seen):
            return seen
        tell(seen)
        time.sleep(pause)


def refuse_local(what: str) -> KeylineError:
    """The error of what the local engine cannot do."""
    return KeylineError(
        "environment local",
        f"the local engine keeps no {what}.",
        "Stop the platform and copy its state folder (.keyline/local), or name an environment "
        "on AWS.",
    )
