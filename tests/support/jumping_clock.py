"""A wall clock of this process that jumps, and one that does not beside it."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from keyline.run import clock as unique


class JumpingClock:
    """The wall clock: the machine's, and so many seconds ahead.

    Attributes
    ----------
    ahead
        Seconds; negative ones where it is behind.
    """

    def __init__(self, seed: int = 0) -> None:
        self.ahead = 0.0
        self._random = random.Random(seed)
        self._true = time.time_ns

    def jump(self, most: float) -> None:
        """Be wrong by a random number of seconds, either way."""
        self.ahead = self._random.uniform(-most, most)

    def seconds(self) -> float:
        """Return epoch seconds."""
        return self.nanoseconds() / 1e9

    def nanoseconds(self) -> int:
        """Return epoch nanoseconds."""
        return self._true() + int(self.ahead * 1e9)


@contextmanager
def jumping_clock() -> Iterator[JumpingClock]:
    """Let the wall clock of this process jump, and the moments that writers are given with it."""
    clock = JumpingClock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", clock.seconds)
        patch.setattr(time, "time_ns", clock.nanoseconds)
        patch.setattr(unique.PROCESS, "_now", clock.nanoseconds)
        yield clock
