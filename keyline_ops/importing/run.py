"""An import: batch by batch, each accounted for before the next begins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Literal

from keyline.errors import KeylineError
from keyline.model import System
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
from keyline_ops.importing.journal import Journal, Outcome, Progress, RefusedRecord
from keyline_ops.importing.source import Record
from reports.patterns import REPORT_CREATE
from reports.repositories import ReportRepository
from reports.settings import Settings
from reports.system import SYSTEM
from reports.tables import REPORTS
from systems.reports.importing import Candidate, Converter, RecordRefusedError

BATCH = 250
"""Records between two entries of the journal."""
CONCURRENCY = 16
"""Calls under way at once."""
ATTEMPTS = 8
"""How often a report is tried while DynamoDB throttles or does not answer; with the client's own
tries and the pauses between them some 10 to 60 seconds."""

Result = Literal["imported", "existing"] | RefusedRecord


class ImportStoppedError(KeylineError):
    """An import that could not go on; what is done stays done, and the journal knows it."""


@dataclass(frozen=True)
class RecordCheck:
    """Makes reports of records, or refuses them; asks no table.

    Parameters
    ----------
    converter
        What a record leaves out.
    settings
        The system's.
    """

    converter: Converter
    settings: Settings
    system: System = SYSTEM
    _writer: ItemWriter = field(init=False, repr=False)

    def __post_init__(self) -> None:
        writer = ItemWriter(REPORTS, REPORTS.kinds[0], TableSettings(self.settings))
        object.__setattr__(self, "_writer", writer)

    def __call__(self, record: Record) -> Candidate | RefusedRecord:
        """The report of a record, or why it is none."""
        try:
            if record.fault:
                raise RecordRefusedError("", record.fault, "Mend the line.")
            candidate = self.converter.candidate(record.line, record.value)
            check_size(REPORT_CREATE, self._writer.attributes(candidate.report, 0.0))
        except (RecordRefusedError, BadValueError, ItemTooLargeError) as error:
            return RefusedRecord(record.line, error.path, error.message, error.suggestion)
        return candidate


def dry_run(records: Iterable[Record], check: RecordCheck, moment: str) -> Progress:
    """Check every record and store none; `imported` is how many would be tried."""
    progress = Progress(moment)
    for record in records:
        found = check(record)
        refused = (found,) if isinstance(found, RefusedRecord) else ()
        progress.add(record.number, Outcome(1 - len(refused), 0, refused))
    return progress


@dataclass(frozen=True)
class Import:
    """Stores the reports of a file.

    Parameters
    ----------
    wait
        Pauses before another try, given how many there were.
    """

    repository: ReportRepository
    check: RecordCheck
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
        """Store a batch; of several records with one identifier the first comes first."""
        checked = [(record, self.check(record)) for record in batch]
        first: dict[str, tuple[Candidate, bool]] = {}
        again: list[Candidate] = []
        results: list[Result] = []
        for record, found in checked:
            if isinstance(found, RefusedRecord):
                results.append(found)
            elif found.report.id in first:
                again.append(found)
            else:
                first[found.report.id] = (found, record.number <= tried)
        results += executor.map(lambda each: self._create(*each), first.values())
        results += [self._create(candidate, in_doubt=False) for candidate in again]
        refused = sorted((r for r in results if isinstance(r, RefusedRecord)), key=lambda r: r.line)
        return Outcome(results.count("imported"), results.count("existing"), tuple(refused))

    def _create(self, candidate: Candidate, in_doubt: bool) -> Result:
        """Store a report.

        Parameters
        ----------
        in_doubt
            Whether it was tried by a run that was interrupted: found stored, it is imported.
        """
        attempt = 1
        while True:
            try:
                self.repository.create_report(candidate.report)
            except AlreadyExistsError as error:
                if not candidate.equals(error.current_item()):
                    return _different(candidate)
                return "imported" if in_doubt or attempt > 1 else "existing"
            except (ThrottledError, UnavailableError):
                if attempt == self.attempts:
                    raise
                self.wait(attempt)
                attempt += 1
            else:
                return "imported"


def _batches(records: Iterable[Record], done: int, size: int) -> Iterator[list[Record]]:
    left = (record for record in records if record.number > done)
    return iter(partial(_taken, left, size), [])


def _taken(records: Iterator[Record], size: int) -> list[Record]:
    return list(islice(records, size))


def _different(candidate: Candidate) -> RefusedRecord:
    return RefusedRecord(
        candidate.line,
        "id",
        f"there is another report {candidate.report.id!r}, which differs.",
        "Give this one another id, or change the stored one through the API.",
    )
