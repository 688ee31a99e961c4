"""Many requests side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")

WORKERS = 8
"""How many requests are under way at once."""


async def side_by_side(items: Iterable[T], act: Callable[[T], Awaitable[None]]) -> None:
    """Act on each item, several at once; the first error ends it, and is raised."""
    waiting = asyncio.Queue[T]()
    for item in items:
        waiting.put_nowait(item)

    async def worker() -> None:
        while not waiting.empty():
            await act(waiting.get_nowait())

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(WORKERS):
                group.create_task(worker())
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed
