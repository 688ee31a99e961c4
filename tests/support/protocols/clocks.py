"""Time that moves only when it is told to, and a clock for each actor that may be wrong."""

from __future__ import annotations

from dataclasses import dataclass

START = 2_000_000_000.0
"""Epoch seconds. It lies ahead of every real clock, so that nothing made here has expired."""


@dataclass
class Time:
    """The time of a run.

    Attributes
    ----------
    now
        Epoch seconds.
    """

    now: float = START

    def advance(self, seconds: float) -> None:
        """Let time go by."""
        self.now += seconds

    def clock(self, skew: float = 0.0) -> Clock:
        """Return a clock that is ahead by so many seconds, or behind if they are negative."""
        return Clock(self, skew)


@dataclass
class Clock:
    """The clock of one actor.

    Attributes
    ----------
    skew
        Seconds that it is ahead of the time of the run.
    """

    time: Time
    skew: float = 0.0

    def seconds(self) -> float:
        """Return epoch seconds, as `time.time` gives them."""
        return self.time.now + self.skew

    def nanoseconds(self) -> int:
        """Return epoch nanoseconds, as `time.time_ns` gives them."""
        return round(self.seconds() * 1_000_000) * 1_000
