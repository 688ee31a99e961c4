"""The backfills that new indexes need, and which of them are not done yet.

An index is filled by DynamoDB with the items that have its key. Items of before a key that a
template makes lack it: `keyline migrate` gives it to them. What is left to do is noted in a file,
since nothing on AWS tells it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from keyline.errors import KeylineError
from keyline.model import Copy
from keyline_deploy.environment import Environment
from keyline_deploy.systems import names
from keyline_ops.deployed import Deployed
from keyline_ops.deploying.assembly import Fill
from keyline_ops.migrating.declaration import Backfill, backfills_of
from keyline_ops.migrating.job import Job
from keyline_ops.migrating.outcome import Outcome

Tell = Callable[[str], None]
Index = tuple[str, str]
"""The physical name of a table, and the name of an index."""


def fills_of(created: Iterable[Index], environment: Environment) -> list[Fill]:
    """Return the backfills of the project that fill some indexes."""
    wanted = set(created)
    return [
        fill
        for system in names()
        for backfill in backfills_of(system).all
        if not isinstance(backfill, Copy)
        for fill in [Fill(system, backfill.name)]
        for name in [environment.table_name(system, backfill.table)]
        if wanted & {(name, index) for index in _indexes(backfill)}
    ]


def _indexes(backfill: Backfill) -> Iterator[str]:
    """Yield the indexes whose keys a fill gives to items."""
    if not isinstance(backfill, Copy):
        for index in backfill.table.indexes:
            if set(index.key.attributes) & set(backfill.attributes):
                yield index.name


def carry_out(fill: Fill, where: Deployed, tell: Tell) -> None:
    """Give items the attributes that they lack; interrupted, the same goes on.

    Raises
    ------
    KeylineError
        If a table is not there, or DynamoDB refuses.
    """
    backfills = backfills_of(fill.system)
    for backfill in backfills.named(fill.name, where.environment.name):
        outcome = _run(Job(backfills.system, backfill, where, None), tell)
        tell(f"{fill.name}: {outcome.written:,} items given the key, {outcome.refused:,} refused")
        _tell_refused(fill, outcome, where.environment.name, tell)


def _tell_refused(fill: Fill, outcome: Outcome, environment: str, tell: Tell) -> None:
    """Name the items that the index lacks from now on."""
    for each in outcome.refusals[:_NAMED]:
        tell(f"{fill.name}: {each.key}: {each.path}: {each.message}")
    if outcome.refused:
        command = f"keyline migrate {fill.system} {fill.name} --environment {environment}"
        tell(
            f"{fill.name}: the index lacks the refused items, which do not fit the declaration."
            f" Correct them, then fill again: {command} --step backfill"
        )


def _run(job: Job, tell: Tell) -> Outcome:
    read = 0
    told = 0

    def count(items: int) -> None:
        nonlocal read, told
        read += items
        if read - told >= _TOLD_EVERY:
            told = read
            tell(f"{job.name}: {read:,} items read")

    return job.run(count).outcome


_TOLD_EVERY = 10_000
_NAMED = 10
"""Refused items that are named; beyond them they are only counted."""


class Pending:
    """The backfills of an environment that are begun or still to do, in a file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def read(self) -> list[Fill]:
        """Return what is noted.

        Raises
        ------
        KeylineError
            If the file cannot be read.
        """
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=list[Fill])
        except FileNotFoundError:
            return []
        except (OSError, msgspec.MsgspecError) as error:
            raise KeylineError(
                str(self._file),
                f"cannot be read ({error}), so that nobody knows which indexes still lack items.",
                "Run `keyline migrate --environment NAME`: it shows how many items are outside of"
                " each index. Fill those indexes, delete the file, and deploy again.",
            ) from error

    def add(self, fills: Sequence[Fill]) -> None:
        """Note backfills before the first of them can be needed."""
        self._write([*dict.fromkeys([*self.read(), *fills])])

    def remove(self, fill: Fill) -> None:
        """Note that one is done."""
        self._write([each for each in self.read() if each != fill])

    def _write(self, fills: Sequence[Fill]) -> None:
        if not fills:
            self._file.unlink(missing_ok=True)
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        new = self._file.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(fills))
        new.replace(self._file)
