"""A table as it was at a moment, in a new table that is then made as the declaration has it.

DynamoDB restores items, keys, indexes and encryption. It leaves out TTL, stream, recovery,
tags, deletion protection and contributor insights, which are put back here. Alarms, permissions
and stream consumers belong to the table of the stack and know nothing of the new one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from keyline.errors import KeylineError
from keyline_ops.deployed import Deployed, Owned, translated
from keyline_ops.tables.describe import (
    Recovery,
    Seen,
    describe,
    described,
    differences,
    required,
    wanted_tags,
)
from keyline_ops.tables.wait import PAUSE_SECONDS, refuse_local, until

_READY = "ACTIVE"
_INSIGHTS = "THROTTLED_KEYS"
_NOT_YET = frozenset(
    {"ContinuousBackupsUnavailableException", "ResourceInUseException", "LimitExceededException"}
)
"""What DynamoDB answers while it still works on a table."""
_NAME = re.compile(r"[A-Za-z0-9_.-]{3,255}")

LEFT = (
    "alarms, permissions, stream consumers: they are of the stack's table",
    "resource policies and replicas: nothing here makes any",
)
"""What is not put back."""


def moment_of(text: str) -> datetime:
    """Read a moment, to the second.

    Raises
    ------
    KeylineError
        If it is none, or has no time zone: it would be another moment for everybody.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise KeylineError(
            f"--at {text}", "is not a moment.", "Write it in ISO 8601: 2026-01-31T10:00:00Z."
        ) from error
    if moment.tzinfo is None:
        raise KeylineError(
            f"--at {text}", "has no time zone.", f"Add it: {text}Z, or {text}+02:00."
        )
    return moment.astimezone(UTC).replace(microsecond=0)


@dataclass(frozen=True)
class Plan:
    """A restore that can be done.

    Attributes
    ----------
    source
        The table as it is.
    target
        The new table's name.
    resumes
        Whether the new table is there already, from this same restore.
    """

    owned: Owned
    source: Seen
    target: str
    at: datetime
    resumes: bool = False


@dataclass(frozen=True)
class Repair:
    """Something to put back: what it is called, and the request that does it.

    Carried out twice it changes nothing.
    """

    what: str
    operation: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Restores:
    """Restores tables in one environment.

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

    def plan(self, owned: Owned, target: str, at: datetime) -> Plan:
        """Check that a restore can be done; nothing is changed.

        Raises
        ------
        KeylineError
            If the table is not deployed or has no recovery, the moment is out of its reach, or
            the new name is taken.
        """
        if self.where.is_local:
            raise refuse_local("point-in-time recovery")
        if not _NAME.fullmatch(target):
            raise KeylineError(
                f"--to {target}", "is not a table's name.", "Use 3 to 255 of A-Z a-z 0-9 _ . -"
            )
        name = self.where.name_of(owned)
        found = describe(self.where, self.client, name)
        source = required(found, name, "Restore a backup of it instead.")
        _check_reach(source, at)
        there = self._restore_of(target)
        if there is None:
            return Plan(owned, source, target, at)
        if there != (source.arn, at):
            raise KeylineError(
                f"--to {target}", "is there already, and not from this restore.", "Choose another."
            )
        return Plan(owned, source, target, at, resumes=True)

    def steps(self, plan: Plan) -> list[str]:
        """Return what would be done, in words."""
        first = "is there already; go on with it" if plan.resumes else "is made"
        return [
            f"{plan.target} {first}: {plan.source.name} as of {plan.at.isoformat()}",
            *(repair.what for repair in self._repairs(plan)),
        ]

    def restore(self, plan: Plan) -> list[str]:
        """Restore, put back what DynamoDB leaves out, and say what differs from the declaration.

        Interrupted, the same call goes on with the same table.

        Raises
        ------
        KeylineError
            If AWS refuses a step.
        """
        if not plan.resumes:
            with translated(plan.source.name):
                self.client.restore_table_to_point_in_time(
                    SourceTableArn=plan.source.arn,
                    TargetTableName=plan.target,
                    RestoreDateTime=plan.at,
                )
        self._settle(plan.target)
        for repair in self._repairs(plan):
            self._carry_out(plan.target, repair)
            self._settle(plan.target)
        found = describe(self.where, self.client, plan.target)
        if found is None:
            raise KeylineError(plan.target, "is gone.", "Somebody deleted it; restore again.")
        return differences(plan.owned, self.where.environment, found)

    def _repairs(self, plan: Plan) -> list[Repair]:
        """What is to be put back and is not there; the protection first, so that it stays."""
        table, protection = plan.owned.table, self.where.environment.tables
        now = self._now(plan)
        here = {"TableName": plan.target}
        repairs = []
        if protection.deletion_protection and not now.protected:
            arguments = {**here, "DeletionProtectionEnabled": True}
            repairs.append(Repair("deletion protection: on", "update_table", arguments))
        if now.recovery is None or now.recovery.days != protection.pitr_days:
            days = protection.pitr_days
            recovery = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": days}
            arguments = {**here, "PointInTimeRecoverySpecification": recovery}
            repairs.append(Repair(f"recovery: {days} days", "update_continuous_backups", arguments))
        if table.ttl and now.ttl != table.ttl.attribute:
            ttl = {"Enabled": True, "AttributeName": table.ttl.attribute}
            arguments = {**here, "TimeToLiveSpecification": ttl}
            repairs.append(Repair(f"TTL: {table.ttl.attribute}", "update_time_to_live", arguments))
        if table.stream and now.stream != table.stream.value:
            stream = {"StreamEnabled": True, "StreamViewType": table.stream.value}
            arguments = {**here, "StreamSpecification": stream}
            repairs.append(Repair(f"stream: {table.stream.value}", "update_table", arguments))
        tags = wanted_tags(plan.owned, self.where.environment)
        if not tags.items() <= (now.tags or {}).items():
            arn = f"{plan.source.arn.rpartition('/')[0]}/{plan.target}"
            listed = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
            arguments = {"ResourceArn": arn, "Tags": listed}
            repairs.append(Repair(f"tags: {', '.join(sorted(tags))}", "tag_resource", arguments))
        if protection.contributor_insights and not now.insights:
            mode = {"ContributorInsightsAction": "ENABLE", "ContributorInsightsMode": _INSIGHTS}
            repairs.append(
                Repair("contributor insights: on", "update_contributor_insights", here | mode)
            )
        return repairs

    def _now(self, plan: Plan) -> Seen:
        """The new table as it is, or will be: until it is active, not all of it can be asked."""
        found = described(self.client, plan.target)
        if found is not None and found["TableStatus"] == _READY:
            seen = describe(self.where, self.client, plan.target)
            if seen is not None:
                return seen
        return _as_restored(plan.source)

    def _carry_out(self, target: str, repair: Repair) -> None:
        """Put something back; DynamoDB is not ready for all of it as soon as a table is active."""

        def done() -> bool:
            try:
                getattr(self.client, repair.operation)(**repair.arguments)
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
            found = described(self.client, target)
            if found is None:
                raise KeylineError(target, "is gone.", "Somebody deleted it; restore again.")
            indexes = found.get("GlobalSecondaryIndexes", [])
            states = [found["TableStatus"], *(i.get("IndexStatus", _READY) for i in indexes)]
            return next((str(state) for state in states if state != _READY), _READY)

        until(
            look,
            lambda state: state == _READY,
            lambda state: self.tell(f"{target}: {state.lower()}"),
            pause=self.pause,
        )

    def _restore_of(self, target: str) -> tuple[str, datetime] | None:
        """What the table of the new name was restored from, and as of when; None if it is free."""
        found = described(self.client, target)
        if found is None:
            return None
        summary = found.get("RestoreSummary", {})
        moment = summary.get("RestoreDateTime")
        return str(summary.get("SourceTableArn")), moment and moment.astimezone(UTC)


def _as_restored(source: Seen) -> Seen:
    """A table as DynamoDB restores it."""
    return replace(
        source,
        ttl=None,
        stream=None,
        protected=False,
        recovery=Recovery(0),
        insights=False,
        tags={},
    )


def _check_reach(source: Seen, at: datetime) -> None:
    recovery = source.recovery
    if recovery is None or not recovery.days or not recovery.earliest or not recovery.latest:
        raise KeylineError(
            source.name,
            "has no point-in-time recovery.",
            "Restore a backup: aws dynamodb list-backups shows them.",
        )
    earliest, latest = map(datetime.fromisoformat, (recovery.earliest, recovery.latest))
    if not earliest <= at <= latest:
        raise KeylineError(
            f"--at {at.isoformat()}",
            f"{source.name} can be restored to {recovery.earliest} to {recovery.latest}.",
            "Choose a moment in between.",
        )
