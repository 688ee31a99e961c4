"""The beginning and the end of tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

ResultT = TypeVar("ResultT")

_AGAIN = 1.0  # seconds


def begin(
    tasks: set[asyncio.Task[ResultT]], work: Coroutine[Any, Any, ResultT], name: str | None = None
) -> asyncio.Task[ResultT]:
    """Begin a task, and keep it among others until it has ended.

    The event loop keeps no task alive by itself.
    """
    task = asyncio.create_task(work, name=name)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    return task


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
