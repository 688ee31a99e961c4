"""Test how tasks are ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from keyline_local.host import tasks


async def waits() -> None:
    await asyncio.Event().wait()


async def is_done() -> None:
    pass


async def fails_when_it_is_cancelled() -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        raise ValueError("not found") from None


async def goes_on_after_a_lost_cancellation() -> None:
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fails_when_it_is_cancelled())
    except* ValueError:
        pass
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    "work",
    [waits, is_done, fails_when_it_is_cancelled, goes_on_after_a_lost_cancellation],
)
def test_tasks_end_whatever_becomes_of_a_cancellation(
    work: Callable[[], Coroutine[Any, Any, None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "_AGAIN", 0.01)

    async def end_them() -> bool:
        begun = [asyncio.create_task(work()) for _ in range(3)]
        await asyncio.sleep(0.01)
        async with asyncio.timeout(5):
            await tasks.end(begun)
        return all(task.done() for task in begun)

    assert asyncio.run(end_them())


def test_where_there_is_no_task_nothing_is_waited_for() -> None:
    asyncio.run(tasks.end([]))
