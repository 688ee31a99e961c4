"""The end of a migration: a backup of the source, and then its deletion."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from keyline.errors import KeylineError
from keyline.model import Copy
from keyline_deploy.project import LOCAL_STATE
from keyline_ops.deployed import translated
from keyline_ops.migrating.job import Job
from keyline_ops.migrating.switching import WEEK, cut_over_since
from keyline_ops.recovery.backup import Backups
from keyline_ops.scanning.requests import Requests
from keyline_ops.scanning.segments import Segments
from keyline_ops.tables.describe import describe, required
from keyline_ops.written import AGAIN, written

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Cleaning:
    """The clean-up of a copy.

    Attributes
    ----------
    table
        The deployed name of the source.
    since
        Since when the target alone is in use; None if it is not.
    """

    job: Job
    table: str
    since: datetime | None

    def steps(self) -> list[str]:
        """Return what would be done, in sentences."""
        return [f"A backup of {self.table} is taken.", f"{self.table} is deleted."]


def prepared(job: Job, state: Path | None, *, force: bool, now: datetime | None = None) -> Cleaning:
    """Check that the source of a backfill may go; nothing is changed.

    Parameters
    ----------
    force
        Whether to go on although the target was not in use for a week.

    Raises
    ------
    KeylineError
        If the backfill has no source of its own, the stack owns the source, or the cut-over was
        less than a week ago.
    """
    path = f"backfill {job.name}"
    if not isinstance(job.backfill, Copy):
        raise KeylineError(path, "changes items in place.", "There is nothing to clean up.")
    source = job.source
    if source.name in {table.name for table in job.system.tables}:
        raise KeylineError(
            source.name,
            "is a table of the system, and a deployment would make it again.",
            "Remove it from tables.py and deploy. Then run the same command again.",
        )
    since = cut_over_since(job, state)
    if not force:
        _require_week(path, since, now or datetime.now(UTC))
    return Cleaning(job, job.deployed_name(source), since)


def _require_week(path: str, since: datetime | None, now: datetime) -> None:
    advice = "Wait, or give --force. The deletion cannot be undone."
    if since is None:
        raise KeylineError(path, "the source is still in use: there was no cut-over.", advice)
    if now - since < WEEK:
        ends = (since + WEEK).isoformat(timespec="seconds")
        said = f"the cut-over was less than a week ago: wait until {ends}."
        raise KeylineError(path, said, advice)


def carry_out(cleaning: Cleaning, state: Path | None, tell: Tell) -> str:
    """Take the backup, then delete the source.

    Returns
    -------
    str
        Where the backup is: its ARN, or a file.

    Raises
    ------
    KeylineError
        If AWS refuses. Nothing is deleted without a backup.
    """
    where = cleaning.job.where
    client = where.client()
    if where.is_local:
        saved = str(_saved_to_file(cleaning, (state or LOCAL_STATE).parent / "backups"))
    else:
        seen = required(describe(where, client, cleaning.table), cleaning.table)
        (backup,) = Backups(where, client, tell).save([seen])
        saved = backup.arn
    with translated(cleaning.table):
        client.delete_table(TableName=cleaning.table)
    return saved


def _saved_to_file(cleaning: Cleaning, folder: Path) -> Path:
    """Write each item of a local table as one line of DynamoDB JSON."""
    path = folder / f"{cleaning.table}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.jsonl"
    requests = Requests(cleaning.job.where.connection(1), cleaning.job.name)
    part = path.with_suffix(".part")
    with written(path, f"Nothing is deleted. {AGAIN}"):
        folder.mkdir(parents=True, exist_ok=True)
        with part.open("xb") as file:
            for page in Segments(requests, cleaning.table, 1).pages(0, None):
                file.writelines(msgspec.json.encode(item) + b"\n" for item in page.Items)
            file.flush()
            os.fsync(file.fileno())  # before the table goes
        part.rename(path)
    return path
