"""A table as it was at a time, or in a backup, in a new table that is then made as declared.

DynamoDB restores items, keys, indexes and encryption. What it leaves out follows from the
template: each aspect of the new table that differs is put right, and all of them are compared
again. Alarms, permissions and stream consumers follow when the new table serves
(`keyline_ops.recovery.take_over`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from keyline.errors import KeylineError
from keyline.moments import iso_now
from keyline_deploy.names import restored_name
from keyline_ops import kept
from keyline_ops.deployed import translated
from keyline_ops.recovery.aspect import Compared, Repair, compare
from keyline_ops.recovery.aspects import ASPECTS
from keyline_ops.recovery.backup import Saved
from keyline_ops.recovery.expected import Expected
from keyline_ops.recovery.sight import Clients, Sight, UnansweredError
from keyline_ops.tables.describe import described
from keyline_ops.tables.wait import PAUSE_SECONDS, until

_READY = "ACTIVE"
_NOT_YET = frozenset(
    {
        "ContinuousBackupsUnavailableException",
        "ResourceInUseException",
        "LimitExceededException",
        "PointInTimeRecoveryUnavailableException",
    }
)
"""What DynamoDB answers while it still works on a table."""
_GONE = "Somebody deleted it; restore again."


class Restored(msgspec.Struct):
    """The state of a restore, written before and after each step.

    Attributes
    ----------
    begun, asked, verified
        When it was begun, when DynamoDB was asked for the new table, and when nothing differed
        (ISO 8601 in UTC); None if that is to come.
    steps
        What was put back, in order.
    """

    source: str
    target: str
    of: str
    begun: str
    asked: str | None = None
    verified: str | None = None
    steps: list[str] = []


@dataclass(frozen=True)
class Origin:
    """The origin that a table is restored from.

    Attributes
    ----------
    arn
        Of the source table, or of the backup.
    moment
        The time of the data: of the backup, or the restored time.
    backup
        The backup's name; None for a time within the reach of recovery.
    """

    arn: str
    moment: datetime
    backup: str | None = None

    def __str__(self) -> str:
        at = self.moment.isoformat()
        return f"as of {at}" if self.backup is None else f"from the backup {self.backup} of {at}"


@dataclass(frozen=True)
class Plan:
    """A restore that can be done.

    Attributes
    ----------
    expected
        The new table as the template has it.
    source
        The name of the table that it was.
    resumes
        Whether the new table is there already, from this same restore.
    """

    expected: Expected
    source: str
    origin: Origin
    resumes: bool = False

    @property
    def target(self) -> str:
        """The new table's name."""
        return self.expected.name


@dataclass(frozen=True)
class Restores:
    """Restores tables of one environment.

    Parameters
    ----------
    folder
        Where it is kept how far a restore is.
    tell
        Is given a line of text on how it goes.
    pause
        Seconds between two looks.
    """

    clients: Clients
    folder: Path
    tell: Callable[[str], None]
    pause: float = PAUSE_SECONDS

    def plan(self, expected: Expected, origin: Origin, suffix: str = "") -> Plan:
        """Check that a restore can be done; nothing is changed.

        Parameters
        ----------
        expected
            The table that serves, as the template has it.
        suffix
            A word at the end of the new name.

        Raises
        ------
        KeylineError
            If the new name is taken, by the table that serves too: that one is not restored again.
        """
        declared = expected.owned.table
        base = declared.physical_name(expected.environment)
        target = restored_name(base, origin.moment, suffix)
        wanted = expected.under(target)
        found = described(self.clients("dynamodb"), target)
        if found is None:
            return Plan(wanted, expected.name, origin)
        refused = (
            "is there already, and not from this restore." if not _is_of(found, origin) else ""
        )
        if target == expected.name:
            refused = "was restored before and serves now: it has what was written to it since."
        if refused:
            raise KeylineError(
                f"table {target}", refused, "Give the new table another name: --suffix 2."
            )
        return Plan(wanted, expected.name, origin, resumes=True)

    def steps(self, plan: Plan) -> list[str]:
        """Say what would be done: of a new table, what the template has and a restore may lose."""
        first = "is there already; go on with it" if plan.resumes else "is made"
        told = [f"{plan.target} {first}: {plan.source} {plan.origin}"]
        found = described(self.clients("dynamodb"), plan.target)
        if found is not None and found["TableStatus"] == _READY:
            return [*told, *(repair.what for repair in self._repairs(plan))]
        values = {
            f"{path}: {value}"
            for aspect in ASPECTS
            for path, value in aspect.declared(plan.expected).items()
            if value not in (None, False)
        }
        return [*told, *(f"then as declared: {each}" for each in sorted(values))]

    def restore(self, plan: Plan) -> Compared:
        """Restore, put back what DynamoDB leaves out, and compare all with the template.

        Killed at any point, the same call goes on with the same table.

        Raises
        ------
        KeylineError
            If it runs already, or AWS refuses a step.
        """
        key = kept.key_of(plan.target, plan.origin.arn)
        path = self.folder / f"{key}.json"
        with kept.held(self.folder, key, "this restore"):
            state = kept.read(path, Restored, "Delete it: the same command goes on.") or Restored(
                plan.source, plan.target, str(plan.origin), iso_now()
            )
            kept.write(path, state)
            if not plan.resumes:
                self._ask(plan)
                state.asked = iso_now()
                kept.write(path, state)
            self._settle(plan.target)
            for repair in self._repairs(plan):
                self._carry_out(plan.target, repair)
                state.steps.append(repair.what)
                kept.write(path, state)
                self._settle(plan.target)
            found = compare(plan.expected, Sight(self.clients, plan.target), ASPECTS)
            state.verified = None if found.drifts else iso_now()
            kept.write(path, state)
        return found

    def _ask(self, plan: Plan) -> None:
        client = self.clients("dynamodb")
        self.tell(f"{plan.source} is restored {plan.origin}")
        with translated(plan.source):
            if plan.origin.backup is None:
                client.restore_table_to_point_in_time(
                    SourceTableArn=plan.origin.arn,
                    TargetTableName=plan.target,
                    RestoreDateTime=plan.origin.moment,
                )
            else:
                client.restore_table_from_backup(
                    BackupArn=plan.origin.arn, TargetTableName=plan.target
                )

    def _repairs(self, plan: Plan) -> Iterator[Repair]:
        """Yield what differs now, aspect by aspect: each is looked at when it is its turn."""
        for aspect in ASPECTS:
            sight = Sight(self.clients, plan.target)
            try:
                drifts = {drift.path: drift for drift in aspect.drifts(plan.expected, sight)}
            except UnansweredError:
                continue  # told as not verified
            if drifts:
                yield from aspect.repairs(plan.expected, sight, drifts)

    def _carry_out(self, target: str, repair: Repair) -> None:
        """Put something back; DynamoDB is not ready for all of it as soon as a table is active."""
        client = self.clients(repair.service)

        def done() -> bool:
            try:
                getattr(client, repair.operation)(**repair.arguments)
            except ClientError as error:
                if error.response["Error"]["Code"] not in _NOT_YET:
                    raise
                return False
            return True

        self.tell(repair.what)
        with translated(f"{target}: {repair.what}"):
            until(done, bool, lambda _: self.tell(f"{repair.what}: not yet"), pause=self.pause)

    def _settle(self, target: str) -> None:
        """Wait until the new table and all its indexes can be changed."""

        def look() -> str:
            found = described(self.clients("dynamodb"), target)
            if found is None:
                raise KeylineError(target, "is gone.", _GONE)
            indexes = found.get("GlobalSecondaryIndexes", [])
            states = [found["TableStatus"], *(i.get("IndexStatus", _READY) for i in indexes)]
            return next((str(state) for state in states if state != _READY), _READY)

        until(
            look,
            lambda state: state == _READY,
            lambda state: self.tell(f"{target}: {state.lower()}"),
            pause=self.pause,
        )


def _is_of(found: dict[str, Any], origin: Origin) -> bool:
    """Return whether a table was restored from this origin, as DynamoDB says of it."""
    summary = found.get("RestoreSummary", {})
    if origin.backup is not None:
        return bool(summary.get("SourceBackupArn") == origin.arn)
    moment = summary.get("RestoreDateTime")
    at = moment.astimezone(UTC).replace(microsecond=0) if moment else None
    return bool(summary.get("SourceTableArn") == origin.arn and at == origin.moment)


# ----------------------------------------------------------------------------------- origins


def of_backup(backup: Saved) -> Origin:
    """Return a backup to restore a table from."""
    return Origin(backup.arn, datetime.fromisoformat(backup.at), backup.name)


def at_time(sight: Sight, moment: datetime) -> Origin:
    """Return a time to restore a table to.

    Raises
    ------
    KeylineError
        If the table is gone or has no recovery, or the time is out of its reach.
    """
    try:
        arn = sight.arn
    except KeylineError as error:
        if error.message != "is not deployed.":
            raise
        raise KeylineError(
            sight.name,
            "is not deployed.",
            "Of a table that was deleted while it had recovery, DynamoDB keeps a backup for 35"
            " days: `keyline backup --list` names it; then `keyline restore --from-backup NAME`.",
        ) from error
    told = sight.recovery
    if not told:
        raise KeylineError(
            sight.name,
            "has no point-in-time recovery.",
            "Restore a backup: `keyline backup --list` shows them; `keyline verify` says what else"
            " is not as declared.",
        )
    earliest, latest = (
        told[name].astimezone(UTC)
        for name in ("EarliestRestorableDateTime", "LatestRestorableDateTime")
    )
    if not earliest.replace(microsecond=0) <= moment <= latest:
        raise KeylineError(
            f"--to {moment.isoformat()}",
            f"{sight.name} can be restored to {earliest.isoformat(timespec='seconds')} until"
            f" {latest.isoformat(timespec='seconds')}.",
            "Name a time in between. The latest one is some five minutes ago, and comes nearer.",
        )
    return Origin(arn, moment)
