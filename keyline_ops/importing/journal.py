"""The journal of an import: appended to before and after every batch, so that nothing is lost.

A process that is killed leaves a batch that was begun and is not done. Some of its items may be
stored; the next run tries all of it again, and counts those it finds stored as imported.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from keyline.errors import KeylineError
from keyline_ops.kept import GO_ON
from keyline_ops.written import written

MAX_REFUSALS = 1_000
"""Refused lines that are told one by one; beyond them they are only counted."""


class RefusedRecord(msgspec.Struct, frozen=True):
    """A line that was not imported, and why."""

    line: int
    path: str
    message: str
    suggestion: str


class Outcome(msgspec.Struct, frozen=True):
    """The result of a batch.

    Attributes
    ----------
    imported, existing
        Stored by this import; there already, and equal.
    """

    imported: int
    existing: int
    refused: tuple[RefusedRecord, ...] = ()


class _Begun(msgspec.Struct, frozen=True, tag="begun"):
    upto: int


class _Done(msgspec.Struct, frozen=True, tag="done"):
    upto: int
    outcome: Outcome


class _Header(msgspec.Struct, frozen=True, tag="import"):
    moment: str


_LINE = msgspec.json.Decoder(_Header | _Begun | _Done)


@dataclass
class Progress:
    """The position of an import.

    Attributes
    ----------
    moment
        When it was first started.
    begun, done
        The last record that was tried, and the last that is accounted for; 0 if there is none.
    refusals
        The first refused lines; `refused` counts them all.
    """

    moment: str
    begun: int = 0
    done: int = 0
    imported: int = 0
    existing: int = 0
    refused: int = 0
    refusals: list[RefusedRecord] = field(default_factory=list)

    def add(self, upto: int, outcome: Outcome) -> None:
        """Account for a batch."""
        self.done = upto
        self.imported += outcome.imported
        self.existing += outcome.existing
        self.refused += len(outcome.refused)
        room = max(0, MAX_REFUSALS - len(self.refusals))
        self.refusals += outcome.refused[:room]


@dataclass(frozen=True)
class Journal:
    """The journal of one import, open for this process alone.

    Attributes
    ----------
    progress
        As of the last batch.
    """

    file: io.FileIO
    path: Path
    progress: Progress

    def begin(self, upto: int) -> None:
        """Note that the records up to this one are about to be tried."""
        self.progress.begun = max(self.progress.begun, upto)
        self._append(_Begun(upto))

    def finish(self, upto: int, outcome: Outcome) -> None:
        """Note what became of the records up to this one."""
        self.progress.add(upto, outcome)
        self._append(_Done(upto, outcome))

    def remove(self) -> None:
        """Forget the import: it is through, and another run of it starts from the beginning."""
        self.path.unlink(missing_ok=True)

    def _append(self, line: msgspec.Struct) -> None:
        left = memoryview(msgspec.json.encode(line) + b"\n")
        with written(self.path, GO_ON):
            while left:  # a disk that is nearly full takes a part
                left = left[self.file.write(left) :]
            os.fsync(self.file.fileno())


def key_of(*parts: str | None) -> str:
    """Return the name of an import: of its file's content, its table and its options."""
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:16]


@contextmanager
def journal(folder: Path, key: str, moment: str) -> Iterator[Journal]:
    """Open the journal of an import, or go on with the one that is there.

    Parameters
    ----------
    moment
        This moment; an import that is gone on with keeps its own.

    Raises
    ------
    KeylineError
        If another process has it, or it cannot be read.
    """
    path = folder / f"{key}.jsonl"
    with written(path, GO_ON):
        folder.mkdir(parents=True, exist_ok=True)
        made = io.FileIO(path, "a+")
    with made as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise KeylineError(
                str(path), "this import is running already.", "Wait until it is through."
            ) from error
        found = _read(path, file)
        opened = Journal(file, path, found or Progress(moment))
        if found is None:
            opened._append(_Header(moment))
        yield opened


def _read(path: Path, file: io.FileIO) -> Progress | None:
    """Return what the journal says; a last line that is cut off is taken away."""
    file.seek(0)
    content = file.read()
    whole = content[: content.rfind(b"\n") + 1]
    file.truncate(len(whole))
    progress: Progress | None = None
    for line in whole.splitlines():
        try:
            entry = _LINE.decode(line)
        except msgspec.DecodeError as error:
            raise KeylineError(
                str(path), f"is not a journal of an import ({error}).", "Remove it to start again."
            ) from error
        if isinstance(entry, _Header):
            progress = Progress(entry.moment)
        elif progress is None:
            raise KeylineError(str(path), "has no beginning.", "Remove it to start again.")
        elif isinstance(entry, _Begun):
            progress.begun = max(progress.begun, entry.upto)
        else:
            progress.add(entry.upto, entry.outcome)
    return progress
