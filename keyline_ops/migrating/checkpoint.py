"""The checkpoint of a backfill: written after every page, so that a killed one goes on there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from keyline_ops import kept
from keyline_ops.migrating.outcome import Outcome


class Segment(msgspec.Struct):
    """A segment of the source.

    Attributes
    ----------
    after
        Where it goes on; None at its beginning.
    """

    done: bool = False
    after: dict[str, dict[str, Any]] | None = None
    outcome: Outcome = msgspec.field(default_factory=Outcome)


class State(msgspec.Struct):
    """The state of a backfill in an environment.

    Attributes
    ----------
    segments
        Empty before the first run.
    filled, verified, cut_over
        When the last run was through, when the first verification after it found no fault, and
        when the target took over (ISO 8601 in UTC); None if that is to come.
    """

    segments: list[Segment] = []
    filled: str | None = None
    verified: str | None = None
    cut_over: str | None = None

    @property
    def outcome(self) -> Outcome:
        """Return what became of all items so far."""
        return Outcome().plus(segment.outcome for segment in self.segments)

    @property
    def under_way(self) -> bool:
        """Return whether a run was begun and is not through."""
        return any(not segment.done for segment in self.segments)


@dataclass
class Checkpoint:
    """The state of one backfill, held by this process alone."""

    path: Path
    state: State
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def page_done(self, number: int, after: dict[str, Any] | None, outcome: Outcome) -> None:
        """Account for a page of a segment.

        Parameters
        ----------
        after
            Where the segment goes on; None if it is through.
        """
        with self._lock:
            segment = self.state.segments[number]
            segment.after, segment.done = after, after is None
            segment.outcome = segment.outcome.plus([outcome])
            self._write()

    def save(self) -> None:
        """Write the state."""
        with self._lock:
            self._write()

    def _write(self) -> None:
        kept.write(self.path, self.state)


def read(folder: Path, key: str) -> State:
    """Return what is known of a backfill; nothing is written.

    Raises
    ------
    KeylineError
        If the file cannot be read.
    """
    advice = "Delete it: the backfill then begins again, and skips what is there."
    return kept.read(folder / f"{key}.json", State, advice) or State()


@contextmanager
def checkpoint(folder: Path, key: str) -> Iterator[Checkpoint]:
    """Hold the checkpoint of a backfill.

    Raises
    ------
    KeylineError
        If another process has it, or it cannot be read.
    """
    with kept.held(folder, key, "this backfill"):
        yield Checkpoint(folder / f"{key}.json", read(folder, key))
