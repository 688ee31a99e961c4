"""The end of tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

_AGAIN = 1.0  # seconds


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and return when all of them have ended; what they raised is dropped.

    A cancellation can get lost: `asyncio.wait_for` drops it if what it waits for is done at that
    moment, and a group of tasks drops it if one of them fails at that moment. So a task that goes
    on is cancelled again.
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_AGAIN)
