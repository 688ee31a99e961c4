"""An import: batch by batch, each accounted for before the next begins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Generic, Literal, Protocol, TypeVar

import msgspec

from keyline.errors import KeylineError
from keyline.model import Put
from keyline.run import (
    AlreadyExistsError,
    BadValueError,
    ItemTooLargeError,
    ItemWriter,
    TableSettings,
    ThrottledError,
    UnavailableError,
    backoff,
    check_size,
)
from keyline_ops.importing.declaration import Candidate, Converter, RecordRefusedError
from keyline_ops.importing.journal import Journal, Outcome, Progress, RefusedRecord
from keyline_ops.importing.source import Record

ItemT = TypeVar("ItemT", bound=msgspec.Struct)

BATCH = 250
"""Records between two entries of the journal."""
CONCURRENCY = 16
"""Calls under way at once."""
ATTEMPTS = 8
"""How often an item is tried while DynamoDB throttles or does not answer; with the client's own
tries and the pauses between them some 10 to 60 seconds."""

Result = Literal["imported", "existing"] | RefusedRecord


class ImportStoppedError(KeylineError):
    """An import that could not go on; what is done stays done, and the journal knows it."""


@dataclass(frozen=True)
class Ready(Generic[ItemT]):
    """A record that can be stored.

    Attributes
    ----------
    key
        The item's key in the table: attribute → value, both as text.
    """

    line: int
    key: tuple[tuple[str, str], ...]
    candidate: Candidate[ItemT]


@dataclass(frozen=True)
class RecordCheck(Generic[ItemT]):
    """Makes items of records, or refuses them; asks no table.

    Parameters
    ----------
    settings
        The system's.
    """

    pattern: Put[ItemT]
    convert: Converter[ItemT]
    settings: msgspec.Struct
    _writer: ItemWriter = field(init=False, repr=False)

    def __post_init__(self) -> None:
        pattern = self.pattern
        writer = ItemWriter(pattern.table, pattern.kind, TableSettings(self.settings))
        object.__setattr__(self, "_writer", writer)

    def __call__(self, record: Record) -> Ready[ItemT] | RefusedRecord:
        """Return the item of a record, or why there is none."""
        try:
            if record.fault:
                raise RecordRefusedError("", record.fault, "Correct the line.")
            candidate = self.convert(record.value)
            attributes = self._writer.attributes(candidate.item, 0.0)
            check_size(self.pattern, attributes)
        except (RecordRefusedError, BadValueError, ItemTooLargeError) as error:
            return RefusedRecord(record.line, error.path, error.message, error.suggestion)
        names = self.pattern.table.key.attributes
        key = tuple((name, str(next(iter(attributes[name].values())))) for name in names)
        return Ready(record.line, key, candidate)


def dry_run(records: Iterable[Record], check: RecordCheck[ItemT], moment: str) -> Progress:
    """Check every record and store none; `imported` is how many would be tried."""
    progress = Progress(moment)
    for record in records:
        found = check(record)
        refused = (found,) if isinstance(found, RefusedRecord) else ()
        progress.add(record.number, Outcome(1 - len(refused), 0, refused))
    return progress


class Puts(Protocol):
    """An object that stores an item: a `Store`."""

    def put(self, pattern: Put[ItemT], item: ItemT, /) -> ItemT:
        """Store an item, or raise `AlreadyExistsError`."""


@dataclass(frozen=True)
class Run(Generic[ItemT]):
    """Stores the items of a file.

    Parameters
    ----------
    noun
        What an item is called.
    wait
        Pauses before another try, given how many there were.
    """

    store: Puts
    noun: str
    check: RecordCheck[ItemT]
    journal: Journal
    batch: int = BATCH
    concurrency: int = CONCURRENCY
    attempts: int = ATTEMPTS
    wait: Callable[[int], None] = backoff.wait

    def run(self, records: Iterable[Record]) -> Progress:
        """Store what the journal does not have as done.

        Raises
        ------
        ImportStoppedError
            If DynamoDB refuses, throttles or does not answer for too long.
        """
        progress = self.journal.progress
        tried = progress.begun
        with ThreadPoolExecutor(self.concurrency, "import") as executor:
            for batch in _batches(records, progress.done, self.batch):
                last = batch[-1].number
                self.journal.begin(last)
                try:
                    outcome = self._store(executor, batch, tried)
                except KeylineError as error:
                    raise ImportStoppedError(
                        f"line {batch[0].line} and following",
                        f"{error.path}: {error.message} {progress.done:,} records are done.",
                        "Run the same command again: it goes on there.",
                    ) from error
                self.journal.finish(last, outcome)
        return progress

    def _store(self, executor: ThreadPoolExecutor, batch: Sequence[Record], tried: int) -> Outcome:
        """Store a batch; of several records with one key the first comes first."""
        first: dict[tuple[tuple[str, str], ...], tuple[Ready[ItemT], bool]] = {}
        again: list[Ready[ItemT]] = []
        results: list[Result] = []
        for record in batch:
            found = self.check(record)
            if isinstance(found, RefusedRecord):
                results.append(found)
            elif found.key in first:
                again.append(found)
            else:
                first[found.key] = (found, record.number <= tried)
        results += executor.map(lambda each: self._put(*each), first.values())
        results += [self._put(ready, in_doubt=False) for ready in again]
        refused = sorted((r for r in results if isinstance(r, RefusedRecord)), key=lambda r: r.line)
        return Outcome(results.count("imported"), results.count("existing"), tuple(refused))

    def _put(self, ready: Ready[ItemT], in_doubt: bool) -> Result:
        """Store an item.

        Parameters
        ----------
        in_doubt
            Whether it was tried by a run that was interrupted: found stored, it is imported.
        """
        attempt = 1
        while True:
            try:
                self.store.put(self.check.pattern, ready.candidate.item)
            except AlreadyExistsError as error:
                if not ready.candidate.equals(error.current_item()):
                    return self._different(ready)
                return "imported" if in_doubt or attempt > 1 else "existing"
            except (ThrottledError, UnavailableError):
                if attempt == self.attempts:
                    raise
                self.wait(attempt)
                attempt += 1
            else:
                return "imported"

    def _different(self, ready: Ready[ItemT]) -> RefusedRecord:
        return RefusedRecord(
            ready.line,
            ", ".join(name for name, _ in ready.key),
            f"there is another {self.noun} {', '.join(repr(value) for _, value in ready.key)}, "
            "which differs.",
            "Give this one another key, or change the stored one through the API.",
        )


def _batches(records: Iterable[Record], done: int, size: int) -> Iterator[list[Record]]:
    left = (record for record in records if record.number > done)
    return iter(partial(_taken, left, size), [])


def _taken(records: Iterator[Record], size: int) -> list[Record]:
    return list(islice(records, size))
