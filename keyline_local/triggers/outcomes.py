"""The outcomes of a stream consumer's last records, and the reasons of failures."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from keyline_local.triggers.stream_retry import Record, sequence_number

Fate = Literal["delivered", "filtered", "failed", "discarded", "done before", "waiting"]
"""What became of a record: `failed` is tried again, `done before` was delivered or given up in an
earlier run, or too long ago to be known."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of a record.

    Attributes
    ----------
    request_id
        The invocation that had the record last; None if none had it.
    reason
        Why it failed or was given up.
    """

    fate: Fate
    request_id: str | None = None
    reason: str = ""


@dataclass(frozen=True)
class Failure:
    """An invocation that failed in whole or in part, or records that were given up.

    Attributes
    ----------
    at
        Epoch seconds.
    first, last
        The sequence numbers of the records that it is about.
    """

    at: float
    first: str
    last: str
    outcome: Outcome


class Outcomes:
    """The outcomes of the last records of one consumer.

    Parameters
    ----------
    records, failures
        How many of each are kept.
    """

    def __init__(self, records: int = 1_000, failures: int = 20) -> None:
        self._most = records
        self._by_sequence: dict[str, Outcome] = {}
        self._failures: deque[Failure] = deque(maxlen=failures)

    @property
    def failures(self) -> Sequence[Failure]:
        """The last failures, the newest first."""
        return [*reversed(self._failures)]

    def of(self, record: Record) -> Outcome | None:
        """Return what became of a record; None if that is not known."""
        return self._by_sequence.get(sequence_number(record))

    def note(self, records: Iterable[Record], outcome: Outcome) -> None:
        """Take note of what became of records."""
        for record in records:
            sequence = sequence_number(record)
            self._by_sequence.pop(sequence, None)
            self._by_sequence[sequence] = outcome
        while len(self._by_sequence) > self._most:
            del self._by_sequence[next(iter(self._by_sequence))]

    def note_failure(self, records: Sequence[Record], outcome: Outcome, at: float) -> None:
        """Take note of records that failed or were given up."""
        self.note(records, outcome)
        first, last = sequence_number(records[0]), sequence_number(records[-1])
        self._failures.append(Failure(at, first, last, outcome))
