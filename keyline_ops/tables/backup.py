"""Backups of deployed tables: kept by DynamoDB, or exported to S3.

Both come from DynamoDB itself and read none of the table's capacity; both hold every type
exactly. An export is of one moment, the same for all tables of a call.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from keyline.errors import KeylineError
from keyline_ops.costs.prices import GIGABYTE, REGIONS
from keyline_ops.deployed import Deployed, Owned, translated
from keyline_ops.tables.describe import Seen, describe, required
from keyline_ops.tables.wait import PAUSE_SECONDS, refuse_local, until

_S3 = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?")


@dataclass(frozen=True)
class Saved:
    """A backup or an export.

    Attributes
    ----------
    table
        The deployed table.
    where
        Its ARN, or the export's manifest in S3.
    bytes
        What DynamoDB says that it holds.
    """

    table: str
    arn: str
    where: str
    status: str
    bytes: int


@dataclass(frozen=True)
class Bucket:
    """Where exports go."""

    name: str
    prefix: str

    @classmethod
    def of(cls, url: str) -> Bucket:
        """Read `s3://bucket/prefix`.

        Raises
        ------
        KeylineError
            If it is something else.
        """
        found = _S3.fullmatch(url)
        if not found:
            raise KeylineError(
                f"--export {url}", "is not a place in S3.", "Write s3://bucket/prefix."
            )
        return cls(found[1], (found[2] or "").strip("/"))


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
        """The tables as they are.

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
            If AWS refuses one.
        """
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        started = []
        for seen in tables:
            with translated(seen.name):
                answer = self.client.create_backup(
                    TableName=seen.name, BackupName=f"{seen.name}-{stamp}"[:255]
                )
            started.append((seen.name, answer["BackupDetails"]["BackupArn"]))
        return [self._saved(name, arn) for name, arn in started]

    def export(self, tables: Sequence[Seen], bucket: Bucket) -> list[Saved]:
        """Export each table to S3 as of one moment, and wait for them.

        The moment is the latest that all of them can be recovered to, some minutes ago.

        Raises
        ------
        KeylineError
            If a table has no recovery, or AWS refuses.
        """
        for seen in tables:
            if seen.recovery is None or not seen.recovery.days:
                raise KeylineError(
                    seen.name,
                    "has no point-in-time recovery, which an export is made from.",
                    "Deploy it with recovery first, or make a backup.",
                )
        moment = _moment_of(tables)
        started = []
        for seen in tables:
            place = "/".join(part for part in (bucket.prefix, seen.name) if part)
            with translated(seen.name):
                answer = self.client.export_table_to_point_in_time(
                    TableArn=seen.arn,
                    ExportTime=moment,
                    S3Bucket=bucket.name,
                    S3Prefix=place,
                    ExportFormat="DYNAMODB_JSON",
                )
            arn = answer["ExportDescription"]["ExportArn"]
            started.append((seen.name, arn))
        return [self._exported(name, arn, bucket) for name, arn in started]

    def _saved(self, name: str, arn: str) -> Saved:
        def look() -> dict[str, Any]:
            with translated(name):
                answer = self.client.describe_backup(BackupArn=arn)
            return dict(answer["BackupDescription"]["BackupDetails"])

        ended = until(
            look,
            lambda it: it["BackupStatus"] != "CREATING",
            lambda it: self.tell(f"{name}: {it['BackupStatus'].lower()}"),
            pause=self.pause,
        )
        if ended["BackupStatus"] != "AVAILABLE":
            raise KeylineError(name, f"its backup ended as {ended['BackupStatus']}.", "Try again.")
        return Saved(name, arn, arn, ended["BackupStatus"], ended.get("BackupSizeBytes", 0))

    def _exported(self, name: str, arn: str, bucket: Bucket) -> Saved:
        def look() -> dict[str, Any]:
            with translated(name):
                return dict(self.client.describe_export(ExportArn=arn)["ExportDescription"])

        ended = until(
            look,
            lambda it: it["ExportStatus"] != "IN_PROGRESS",
            lambda it: self.tell(f"{name}: {it['ExportStatus'].lower()}"),
            pause=self.pause,
        )
        if ended["ExportStatus"] != "COMPLETED":
            raise KeylineError(
                name,
                f"its export failed ({ended.get('FailureCode', 'no reason given')}): "
                f"{ended.get('FailureMessage', '')}",
                f"Check that the caller may write to the bucket {bucket.name}.",
            )
        manifest = f"s3://{bucket.name}/{ended.get('ExportManifest', '')}"
        return Saved(name, arn, manifest, "COMPLETED", ended.get("BilledSizeBytes", 0))


def _moment_of(tables: Sequence[Seen]) -> datetime:
    """The latest moment that recovery reaches for all tables; now where none tells one."""
    latest = [seen.recovery.latest for seen in tables if seen.recovery and seen.recovery.latest]
    moments = [datetime.fromisoformat(moment) for moment in latest]
    return min([datetime.now(UTC), *moments]).replace(microsecond=0)


def price_of(tables: Sequence[Seen], region: str, *, export: bool) -> str:
    """Return what it is going to cost, in words."""
    gigabytes = sum(seen.bytes for seen in tables) / GIGABYTE
    prices = REGIONS.get(region)
    if prices is None:
        return f"{gigabytes:,.3f} GB, at prices of {region} that are not known here"
    if export:
        return f"{gigabytes:,.3f} GB, ${gigabytes * prices.export:,.4f} once"
    return f"{gigabytes:,.3f} GB, ${gigabytes * prices.backup:,.4f} a month"
