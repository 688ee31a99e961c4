"""The end of each minute of the platform's time, and the way in which time is moved."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from keyline_local.host.clock import Clock
from keyline_local.host.part import Part
from keyline_local.host.tasks import end
from keyline_local.services.metric_store import MINUTE

MOST_SECONDS = 31 * 24 * 3600
"""How far time is moved at once, at most."""
_MOST_MISSED = 60
"""Minutes that are made up after the machine slept."""

_log = logging.getLogger(__name__)


class Minutes(Part):
    """Does something at the end of each minute, and moves time minute by minute.

    Parameters
    ----------
    ended
        Is given the minute since the epoch that has just ended.
    began
        Does what is due in a minute that time was moved to.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        ended: Callable[[int], Awaitable[None]],
        began: Callable[[], Awaitable[None]],
    ) -> None:
        self._clock = clock
        self._ended = ended
        self._began = began
        self._minute = self._now()
        self._moving = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._minute = self._now()
        self._task = asyncio.create_task(self._run(), name="minutes")

    async def stop(self) -> None:
        if self._task is not None:
            await end([self._task])

    async def advance(self, seconds: float) -> None:
        """Move time forward. Each minute on the way ends and begins as if somebody had waited."""
        async with self._moving:
            self._go_back()
            target = self._clock.now() + seconds
            while (boundary := (self._minute + 1) * MINUTE) <= target:
                self._clock.move_to(boundary)
                await self._end_minute()
                await self._began()
            self._clock.move_to(target)

    async def _run(self) -> None:
        while True:
            left = (self._minute + 1) * MINUTE - self._clock.now()
            await asyncio.sleep(min(max(0.0, left), MINUTE))  # more where the clock has gone back
            try:
                await self._catch_up()
            except Exception:  # noqa: BLE001 - the minutes go on, whatever one of them met
                _log.exception("the end of a minute")

    async def _catch_up(self) -> None:
        async with self._moving:
            self._go_back()
            self._minute = max(self._minute, self._now() - _MOST_MISSED)
            while self._minute < self._now():
                await self._end_minute()

    def _go_back(self) -> None:
        """Go on from the present minute where the machine's clock has gone back.

        A step within a minute changes nothing: a minute ends once.
        """
        if self._now() < self._minute - 1:
            self._minute = self._now()

    async def _end_minute(self) -> None:
        ended, self._minute = self._minute, self._minute + 1
        await self._ended(ended)

    def _now(self) -> int:
        return int(self._clock.now() // MINUTE)
