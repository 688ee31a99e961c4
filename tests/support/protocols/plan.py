"""The plan of what happens to each call of a run, decided by one integer."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from tests.support.faults import Fault

RETRIED = (Fault.UNSENT, Fault.LOST, Fault.THROTTLED, Fault.FAILED, Fault.DAMAGED)
"""What the client itself may try again."""
INTERRUPTED = (Fault.WAITS, Fault.SLOW)
CRASHES = (Fault.KILLED, Fault.KILLED_AFTER)
ALL = (*RETRIED, Fault.LATE, *INTERRUPTED, *CRASHES)
SHARES = (0.05, 0.15, 0.35)
"""Of the calls that meet a fault; a run has one of them."""


class Plan:
    """The choices of a run, and the faults of its calls. The same seed gives the same.

    Attributes
    ----------
    draw
        What a driver chooses its steps with. Faults are drawn apart, so that a run without some
        kinds of faults has the same steps.
    counts
        The faults that happened, by kind.
    trace
        The steps and the faults, in order.
    """

    def __init__(self, seed: int, kinds: Collection[Fault] = ALL) -> None:
        self.seed = seed
        self.draw = random.Random(f"steps {seed}")
        self.counts: Counter[Fault] = Counter()
        self.trace: list[str] = []
        self._faults = random.Random(f"faults {seed}")
        self._share = self._faults.choice(SHARES)
        self._kinds = tuple(kinds)
        self._excluded: frozenset[Fault] = frozenset()

    def fault(self, actor: str, call: str, *, but: Collection[Fault] = ()) -> Fault | None:
        """Return what happens to a call; None for nothing.

        Parameters
        ----------
        but
            What cannot happen to this one.
        """
        happens, kind = self._faults.random() < self._share, self._faults.choice(self._kinds)
        if not happens or kind in self._excluded or kind in but:
            return None
        self.counts[kind] += 1
        self.note(actor, f"  {call}: {kind}")
        return kind

    def later(self, most: int) -> int:
        """Return how many calls later something happens: 1 to `most`."""
        return self._faults.randint(1, most)

    def note(self, actor: str, what: str) -> None:
        """Add a line to the trace."""
        self.trace.append(f"{actor}: {what}")

    def heal(self) -> None:
        """Let all calls through from now on."""
        self._share = 0.0

    @contextmanager
    def without(self, *kinds: Fault) -> Iterator[None]:
        """Let some kinds of faults not happen in the block."""
        before = self._excluded
        self._excluded = before | set(kinds)
        try:
            yield
        finally:
            self._excluded = before
