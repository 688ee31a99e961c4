"""Backups of the local platform's state: a consistent copy of its files, made while it runs or not.

A backup is a folder beside the state. The tables are copied by SQLite itself, as of one moment.
The places in streams are copied before: what lies between the two is delivered again, as after a
crash.
"""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from keyline.errors import KeylineError, instead_of
from keyline_local import state_locked
from keyline_ops.written import AGAIN, written

_TABLES = "engine.db"
_KEPT = ("checkpoints", "issuer", "secrets.json")
"""The files that a platform keeps beside its tables, without logs, caches and scratch space."""
_RECORD = "backup.json"
_HALF_WRITTEN = "*.new"
"""Files that the platform is writing: it puts each in its place when it is whole."""


class _Record(msgspec.Struct):
    at: str


@dataclass(frozen=True)
class LocalBackup:
    """A backup of a local state.

    Attributes
    ----------
    name
        What the command calls it: the time it was made in UTC.
    at
        That time (ISO 8601 in UTC).
    """

    name: str
    folder: str
    at: str
    bytes: int


@dataclass(frozen=True)
class LocalBackups:
    """The backups of one state folder.

    Parameters
    ----------
    state
        The state folder, of a platform that runs or not.
    """

    state: Path

    @property
    def _folder(self) -> Path:
        return self.state.parent / "backups" / self.state.name

    def listed(self) -> list[LocalBackup]:
        """Return the backups, the newest first."""
        records = self._folder.glob(f"*/{_RECORD}")
        found = sorted((each.parent for each in records if not each.parent.suffix), reverse=True)
        return [_read(folder) for folder in found]  # one with a suffix is still being written

    def save(self, tell: Callable[[str], None], *, dry_run: bool = False) -> LocalBackup:
        """Make a backup. One that is interrupted leaves nothing that is listed.

        Raises
        ------
        KeylineError
            If there is no state.
        """
        tables = self.state / _TABLES
        if not tables.is_file():
            raise KeylineError(
                str(self.state),
                "has no tables yet.",
                "Run `make up` first, or name a state folder.",
            )
        now = datetime.now(UTC)
        folder = self._folder / f"{now:%Y%m%dT%H%M%SZ}"
        at = now.isoformat(timespec="seconds")
        if dry_run:
            return LocalBackup(folder.name, str(folder), at, tables.stat().st_size)
        if folder.exists():
            raise KeylineError(str(folder), "is there already.", "Try again in a second.")
        part = folder.with_suffix(".part")
        with written(folder, AGAIN):
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            for name in _KEPT:
                _copy(self.state / name, part / name)
            tell(f"{tables} is copied")
            _copy_tables(tables, part / _TABLES)
            (part / _RECORD).write_bytes(msgspec.json.encode(_Record(at)))
            part.rename(folder)
        return _read(folder)

    def restore(self, name: str, *, replace: bool = False, dry_run: bool = False) -> Path | None:
        """Put the state of a backup in place; what was there is kept beside the backups.

        Killed at any point, the same call goes on.

        Parameters
        ----------
        replace
            Whether a state that is there may be put aside.

        Returns
        -------
        Where the state is kept that was there before; None if there was none.

        Raises
        ------
        KeylineError
            If there is no such backup, a platform runs, or there is a state and `replace` is not
            given.
        """
        known = {each.name: each for each in self.listed()}
        if name not in known:
            raise KeylineError(
                f"--from-backup {name}",
                f"is not a backup of {self.state}.",
                instead_of(name, known) if known else "There are none: `keyline backup` makes one.",
            )
        with self._held():
            there = (self.state / _TABLES).is_file()
            if there and not replace:
                raise KeylineError(
                    str(self.state),
                    "has data.",
                    "Give --replace: what is there is kept in a folder beside the backups.",
                )
            aside = self._folder / f"before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
            if dry_run:
                return aside if there else None
            part = self._folder / f"{name}.restoring"
            with written(part, AGAIN):
                shutil.rmtree(part, ignore_errors=True)
                shutil.copytree(known[name].folder, part)
                (part / _RECORD).unlink()
                if self.state.exists():
                    self.state.rename(aside)
                part.rename(self.state)
        return aside if there else None

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Keep a platform from running on the state meanwhile, without making a folder."""
        if not self.state.exists():
            yield
            return
        with state_locked(self.state):
            yield


def _read(folder: Path) -> LocalBackup:
    record = msgspec.json.decode((folder / _RECORD).read_bytes(), type=_Record)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return LocalBackup(folder.name, str(folder), record.at, size)


def _copy(path: Path, to: Path) -> None:
    if path.is_dir():
        shutil.copytree(path, to, ignore=shutil.ignore_patterns(_HALF_WRITTEN))
    elif path.exists():
        shutil.copyfile(path, to)


def _copy_tables(path: Path, to: Path) -> None:
    """Copy the tables as of one moment, also while the engine writes."""
    place = f"{path.resolve().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(place, uri=True)) as source,
        closing(sqlite3.connect(to)) as target,
        written(to, AGAIN),
    ):
        try:
            source.backup(target)
        except sqlite3.OperationalError as error:
            is_full = error.sqlite_errorcode == sqlite3.SQLITE_FULL
            raise OSError(errno.ENOSPC if is_full else errno.EIO, str(error)) from error
