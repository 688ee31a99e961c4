"""Exports of deployed tables to S3: whole, or what changed in a period.

An export comes from point-in-time recovery and reads none of the table's capacity. The exports of
one call are of one moment. Source of the limits: DynamoDB API reference, ExportTableToPointInTime
and IncrementalExportSpecification.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from keyline.errors import KeylineError
from keyline_ops.deployed import translated
from keyline_ops.recovery.begun import naming
from keyline_ops.tables.describe import Seen
from keyline_ops.tables.wait import PAUSE_SECONDS, until

_S3 = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?")
_SHORTEST, _LONGEST = timedelta(minutes=15), timedelta(hours=24)


@dataclass(frozen=True)
class Bucket:
    """The place that exports go to."""

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
            raise KeylineError(f"--to {url}", "is not a place in S3.", "Write s3://bucket/prefix.")
        return cls(found[1], (found[2] or "").strip("/"))


@dataclass(frozen=True)
class Period:
    """The period of an incremental export: from the first moment until before the second.

    Raises
    ------
    KeylineError
        If DynamoDB does not export so short or so long a period.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if not _SHORTEST <= self.end - self.start <= _LONGEST:
            raise KeylineError(
                f"--from {self.start.isoformat()}",
                f"makes a period of {self.end - self.start}; DynamoDB exports changes of 15 minutes"
                " to 24 hours.",
                "Name other times, or export the periods one after the other.",
            )


@dataclass(frozen=True)
class Exported:
    """An export.

    Attributes
    ----------
    table
        The deployed table.
    manifest
        The object in S3 that names all others.
    at
        The moment it is of, or the end of its period (ISO 8601 in UTC).
    since
        The beginning of its period; None for a whole table.
    bytes
        What is billed.
    """

    table: str
    arn: str
    manifest: str
    at: str
    since: str | None
    bytes: int


@dataclass(frozen=True)
class Exports:
    """Exports tables of one environment.

    Parameters
    ----------
    tell
        Is given a line of text on how it goes.
    pause
        Seconds between two looks.
    """

    client: Any
    tell: Callable[[str], None]
    pause: float = PAUSE_SECONDS

    def export(
        self,
        tables: Sequence[Seen],
        bucket: Bucket,
        *,
        at: datetime | None = None,
        since: datetime | None = None,
    ) -> list[Exported]:
        """Export each table as of one moment, or its changes in one period, and wait for them.

        Parameters
        ----------
        at
            The moment, or the end of the period. None is the latest that all tables can be
            recovered to, some minutes ago.
        since
            The beginning of the period; None exports whole tables.

        Raises
        ------
        KeylineError
            If a table has no recovery, the moment is out of its reach, or AWS refuses. The error
            names the exports that began before.
        """
        moment = checked(tables, at=at, since=since)
        begun: dict[str, str] = {}
        with naming(begun, "exports", "`aws dynamodb list-exports` shows them."):
            for seen in tables:
                begun[seen.name] = self._start(seen, bucket, moment, since)
                self.tell(f"{seen.name}: export {begun[seen.name]} began")
            return [self._ended(name, begun, bucket, moment, since) for name in tuple(begun)]

    def _start(self, seen: Seen, bucket: Bucket, at: datetime, since: datetime | None) -> str:
        when: dict[str, Any] = {"ExportTime": at}
        if since is not None:
            when = {
                "ExportType": "INCREMENTAL_EXPORT",
                "IncrementalExportSpecification": {
                    "ExportFromTime": since,
                    "ExportToTime": at,
                    "ExportViewType": "NEW_AND_OLD_IMAGES",
                },
            }
        with translated(seen.name):
            answer = self.client.export_table_to_point_in_time(
                TableArn=seen.arn,
                S3Bucket=bucket.name,
                S3Prefix="/".join(part for part in (bucket.prefix, seen.name) if part),
                ExportFormat="DYNAMODB_JSON",
                **when,
            )
        return str(answer["ExportDescription"]["ExportArn"])

    def _ended(
        self,
        name: str,
        begun: dict[str, str],
        bucket: Bucket,
        at: datetime,
        since: datetime | None,
    ) -> Exported:
        """Wait for an export. One that failed is removed from those that began."""
        arn = begun[name]

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
            del begun[name]
            raise KeylineError(
                name,
                f"its export failed ({ended.get('FailureCode', 'no reason given')}): "
                f"{ended.get('FailureMessage', '')}",
                f"Check that the caller may write to the bucket {bucket.name}.",
            )
        return Exported(
            name,
            arn,
            f"s3://{bucket.name}/{ended.get('ExportManifest', '')}",
            at.isoformat(),
            since.isoformat() if since else None,
            ended.get("BilledSizeBytes", 0),
        )


def checked(
    tables: Sequence[Seen], *, at: datetime | None = None, since: datetime | None = None
) -> datetime:
    """Return the moment of an export that can be made, or the end of its period.

    Raises
    ------
    KeylineError
        If a table has no recovery, the moment is out of its reach, or the period is too short or
        too long.
    """
    for seen in tables:
        if seen.recovery is None or not seen.recovery.days:
            raise KeylineError(
                seen.name,
                "has no point-in-time recovery, which an export is made from.",
                "Deploy it with recovery first, or make a backup: `keyline backup`.",
            )
    latest = _latest(tables)
    moment = at or latest
    for asked in (since, moment):
        _check_reach(tables, asked, latest)
    if since is not None:
        Period(since, moment)
    return moment


def _check_reach(tables: Sequence[Seen], asked: datetime | None, latest: datetime) -> None:
    for seen in tables:
        earliest = seen.recovery.earliest if seen.recovery else None
        if asked is None or earliest is None:
            continue
        first = datetime.fromisoformat(earliest).replace(microsecond=0)
        if not first <= asked <= latest:
            raise KeylineError(
                f"time {asked.isoformat()}",
                f"{seen.name} can be exported as of {first.isoformat()} until"
                f" {latest.isoformat()}.",
                "Name a time in between.",
            )


def _latest(tables: Sequence[Seen]) -> datetime:
    """Return the latest moment that recovery reaches for all tables; now if none tells one."""
    latest = [seen.recovery.latest for seen in tables if seen.recovery and seen.recovery.latest]
    moments = [datetime.fromisoformat(moment) for moment in latest]
    return min([datetime.now(UTC), *moments]).astimezone(UTC).replace(microsecond=0)
