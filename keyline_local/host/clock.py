"""The time of the platform: the machine's, moved forward by users who do not want to wait."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable
from datetime import UTC, datetime


class Clock:
    """Tells the time of a platform.

    Metrics, alarms, schedules and the ages of stream records and of queued messages go by it. The
    engine, the functions and tokens go by the machine's time: `of` translates a moment of theirs.

    Parameters
    ----------
    machine
        The machine's time in epoch seconds.
    """

    def __init__(self, machine: Callable[[], float] = time.time) -> None:
        self._machine = machine
        self._moved = [float("-inf")]
        self._ahead = [0.0]

    @property
    def ahead(self) -> float:
        """The seconds that the clock is ahead of the machine's time."""
        return self._ahead[-1]

    def now(self) -> float:
        """Return the time in epoch seconds."""
        return self._machine() + self.ahead

    def at(self) -> datetime:
        """Return the time with its zone, UTC."""
        return datetime.fromtimestamp(self.now(), UTC)

    def machine(self) -> float:
        """Return the machine's time in epoch seconds, which nobody moves."""
        return self._machine()

    def of(self, moment: float) -> float:
        """Return what the time was when the machine's was `moment`; both in epoch seconds."""
        return moment + self._ahead[bisect_right(self._moved, moment) - 1]

    def age(self, moment: float) -> float:
        """Return how many seconds ago a moment of the machine's time was, at least 0."""
        return max(0.0, self.now() - self.of(moment))

    def move_to(self, time: float) -> None:
        """Move forward to a time in epoch seconds; nothing if it has come already."""
        step = time - self.now()
        if step > 0:
            self._moved.append(max(self._machine(), self._moved[-1]))
            self._ahead.append(self.ahead + step)
