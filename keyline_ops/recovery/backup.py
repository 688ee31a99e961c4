"""On-demand backups of deployed tables, which DynamoDB keeps until somebody deletes them.

A backup reads none of the table's capacity and holds every type exactly. Each backup is of one
table and of its own moment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from keyline.errors import KeylineError, instead_of
from keyline_ops.costs.prices import GIGABYTE, REGIONS
from keyline_ops.deployed import Deployed, Owned, translated
from keyline_ops.recovery.begun import naming
from keyline_ops.tables.describe import Seen, describe, required
from keyline_ops.tables.wait import PAUSE_SECONDS, refuse_local, until


@dataclass(frozen=True)
class Saved:
    """A backup.

    Attributes
    ----------
    table
        The deployed table, which may be gone.
    name
        The backup's own name: the table's, and the time in UTC.
    at
        When it was made (ISO 8601 in UTC).
    bytes
        What DynamoDB says that it holds.
    """

    table: str
    name: str
    arn: str
    status: str
    at: str
    bytes: int


@dataclass(frozen=True)
class Backups:
    """Makes backups in one environment.

    Parameters
    ----------
    tell
        Is given a line of text on how it goes.
    pause
        Seconds between two looks.
    """

    where: Deployed
    client: Any
    tell: Callable[[str], None]
    pause: float = PAUSE_SECONDS

    def found(self, tables: Sequence[Owned]) -> list[Seen]:
        """Return the tables as they are.

        Raises
        ------
        KeylineError
            If one is not deployed, or the environment keeps no backups.
        """
        if self.where.is_local:
            raise refuse_local("backups")
        names = [self.where.name_of(each) for each in tables]
        return [required(describe(self.where, self.client, name), name) for name in names]

    def save(self, tables: Sequence[Seen]) -> list[Saved]:
        """Make an on-demand backup of each table, each as of its own moment, and wait for them.

        Raises
        ------
        KeylineError
            If AWS refuses one. The error names the backups that began before.
        """
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        begun: dict[str, str] = {}
        with naming(begun, "backups", "`keyline backup --list` shows them."):
            for seen in tables:
                begun[seen.name] = self._start(seen.name, stamp)
                self.tell(f"{seen.name}: backup {begun[seen.name]} began")
            return [self._saved(name, begun) for name in tuple(begun)]

    def _start(self, name: str, stamp: str) -> str:
        with translated(name):
            answer = self.client.create_backup(TableName=name, BackupName=f"{name}-{stamp}"[:255])
        return str(answer["BackupDetails"]["BackupArn"])

    def listed(self, tables: Sequence[Owned]) -> list[Saved]:
        """Return the backups of these tables and of their earlier names, the newest first.

        Backups that DynamoDB made of deleted tables are among them.

        Raises
        ------
        KeylineError
            If AWS refuses, or the environment keeps no backups.
        """
        if self.where.is_local:
            raise refuse_local("backups of single tables")
        found: list[Saved] = []
        environment = self.where.environment
        for owned in tables:
            names = environment.table_names(owned.system.name, owned.table)
            for name in dict.fromkeys((*names, owned.table.physical_name(environment.name))):
                with translated(name):
                    pages = self.client.get_paginator("list_backups").paginate(
                        TableName=name, BackupType="ALL"
                    )
                    found += [
                        _told(name, summary)
                        for page in pages
                        for summary in page["BackupSummaries"]
                    ]
        return sorted(found, key=lambda each: each.at, reverse=True)

    def _saved(self, name: str, begun: dict[str, str]) -> Saved:
        """Wait for a backup. One that failed is removed from those that began."""

        def look() -> dict[str, Any]:
            with translated(name):
                answer = self.client.describe_backup(BackupArn=begun[name])
            return dict(answer["BackupDescription"]["BackupDetails"])

        ended = until(
            look,
            lambda it: it["BackupStatus"] != "CREATING",
            lambda it: self.tell(f"{name}: {it['BackupStatus'].lower()}"),
            pause=self.pause,
        )
        if ended["BackupStatus"] != "AVAILABLE":
            del begun[name]
            raise KeylineError(name, f"its backup ended as {ended['BackupStatus']}.", "Try again.")
        return _told(name, ended)


def _told(table: str, details: Mapping[str, Any]) -> Saved:
    return Saved(
        table,
        str(details["BackupName"]),
        str(details["BackupArn"]),
        str(details["BackupStatus"]),
        details["BackupCreationDateTime"].astimezone(UTC).isoformat(timespec="seconds"),
        int(details.get("BackupSizeBytes", 0)),
    )


def named(name: str, backups: Sequence[Saved]) -> Saved:
    """Return the backup of this name, or of this ARN.

    Raises
    ------
    KeylineError
        If there is none, or it cannot be restored.
    """
    found = [each for each in backups if name in (each.name, each.arn)]
    if not found:
        known = [each.name for each in backups]
        raise KeylineError(
            f"--from-backup {name}",
            "is not a backup of this table.",
            instead_of(name, known) if known else "There are none: `keyline backup` makes one.",
        )
    (backup, *_) = found
    if backup.status != "AVAILABLE":
        raise KeylineError(
            f"--from-backup {name}", f"is {backup.status.lower()}.", "Wait, or name another one."
        )
    return backup


def price_of(tables: Sequence[Seen], region: str, *, export: bool) -> str:
    """Return what it is going to cost, in words."""
    gigabytes = sum(seen.bytes for seen in tables) / GIGABYTE
    prices = REGIONS.get(region)
    if prices is None:
        return f"{gigabytes:,.3f} GB, at prices of {region} that are not known here"
    if export:
        return f"{gigabytes:,.3f} GB, ${gigabytes * prices.export:,.4f} once"
    return f"{gigabytes:,.3f} GB, ${gigabytes * prices.backup:,.4f} a month"
