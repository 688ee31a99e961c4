"""The description of a table by DynamoDB, and its differences from what is declared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from keyline.errors import KeylineError
from keyline.model import Key, Table
from keyline_deploy.environment import Environment
from keyline_ops.deployed import Deployed, Owned, translated

FoundT = TypeVar("FoundT")

_DEPLOY = "Deploy the system first."

COUNTED_ON_AWS = "up to 6 hours old"
"""DynamoDB counts items and bytes about every six hours, and does not say when it last did.
Source: API reference, TableDescription."""
COUNTED_LOCALLY = "now; the local engine measures no bytes and counts no indexes"


@dataclass(frozen=True)
class IndexSeen:
    """An index as it is.

    Attributes
    ----------
    items, bytes
        As DynamoDB last counted.
    """

    name: str
    status: str
    items: int
    bytes: int
    key: Key
    projection: str
    carries: frozenset[str]


@dataclass(frozen=True)
class Recovery:
    """Point-in-time recovery: how far back it reaches.

    Attributes
    ----------
    days
        0 where it is off.
    earliest, latest
        ISO 8601; None where it is off.
    """

    days: int
    earliest: str | None = None
    latest: str | None = None


@dataclass(frozen=True)
class Seen:
    """A table as it is.

    Attributes
    ----------
    items, bytes, counted
        As DynamoDB last counted, and how long ago that may be.
    ttl, stream
        The attribute, and the view; None where it is off.
    recovery, insights, tags
        None where it was not asked: the local engine does not know them, and contributor
        insights are asked for only where the environment wants them.
    encryption
        `aws-owned`, `aws-managed`, or the ARN of a key.
    """

    name: str
    arn: str
    status: str
    items: int
    bytes: int
    counted: str
    key: Key
    indexes: tuple[IndexSeen, ...]
    ttl: str | None
    stream: str | None
    protected: bool
    encryption: str
    recovery: Recovery | None = None
    insights: bool | None = None
    tags: Mapping[str, str] | None = None


def described(client: Any, name: str) -> dict[str, Any] | None:
    """Return what DescribeTable answers; None if there is no table of this name.

    Raises
    ------
    KeylineError
        If AWS refuses, or does not answer.
    """
    with translated(name):
        try:
            return dict(client.describe_table(TableName=name)["Table"])
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise


def required(found: FoundT | None, name: str, suggestion: str = _DEPLOY) -> FoundT:
    """Return what was found of a table.

    Raises
    ------
    KeylineError
        If nothing was: the table is not deployed.
    """
    if found is None:
        raise KeylineError(name, "is not deployed.", suggestion)
    return found


def describe(where: Deployed, client: Any, name: str) -> Seen | None:
    """Return a table of this name as it is; None if there is none.

    Raises
    ------
    KeylineError
        If AWS refuses, or does not answer.
    """
    found = described(client, name)
    if found is None:
        return None
    with translated(name):
        ttl = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        more: dict[str, Any] = {} if where.is_local else _of_aws(where, client, found)
    on = ttl["TimeToLiveStatus"] in ("ENABLED", "ENABLING")
    stream = found.get("StreamSpecification", {})
    return Seen(
        name=name,
        arn=found["TableArn"],
        status=found["TableStatus"],
        items=found["ItemCount"],
        bytes=found["TableSizeBytes"],
        counted=COUNTED_LOCALLY if where.is_local else COUNTED_ON_AWS,
        key=_key(found["KeySchema"]),
        indexes=tuple(_index(index) for index in found.get("GlobalSecondaryIndexes", [])),
        ttl=ttl["AttributeName"] if on else None,
        stream=stream.get("StreamViewType") if stream.get("StreamEnabled") else None,
        protected=found.get("DeletionProtectionEnabled", False),
        encryption=_encryption(found.get("SSEDescription", {})),
        **more,
    )


def _of_aws(where: Deployed, client: Any, found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what only AWS knows."""
    name = found["TableName"]
    backups = client.describe_continuous_backups(TableName=name)
    told = backups["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    pages = client.get_paginator("list_tags_of_resource").paginate(ResourceArn=found["TableArn"])
    insights = None
    if where.environment.tables.contributor_insights:
        status = client.describe_contributor_insights(TableName=name)["ContributorInsightsStatus"]
        insights = status in ("ENABLED", "ENABLING")
    return {
        "recovery": _recovery(told),
        "tags": {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]},
        "insights": insights,
    }


def _recovery(told: Mapping[str, Any]) -> Recovery:
    if told.get("PointInTimeRecoveryStatus") != "ENABLED":
        return Recovery(0)
    earliest, latest = (
        moment.isoformat() if (moment := told.get(name)) else None
        for name in ("EarliestRestorableDateTime", "LatestRestorableDateTime")
    )
    return Recovery(told.get("RecoveryPeriodInDays", 35), earliest, latest)


def _index(found: Mapping[str, Any]) -> IndexSeen:
    return IndexSeen(
        name=found["IndexName"],
        status=found.get("IndexStatus", "UNKNOWN"),
        items=found.get("ItemCount", 0),
        bytes=found.get("IndexSizeBytes", 0),
        key=_key(found["KeySchema"]),
        projection=found["Projection"]["ProjectionType"],
        carries=frozenset(found["Projection"].get("NonKeyAttributes", ())),
    )


def _key(schema: list[dict[str, str]]) -> Key:
    kinds = {kind: [p["AttributeName"] for p in schema if p["KeyType"] == kind] for kind in _KINDS}
    return Key(kinds["HASH"], kinds["RANGE"])


_KINDS = ("HASH", "RANGE")


def _encryption(found: Mapping[str, Any]) -> str:
    if found.get("Status") not in ("ENABLED", "UPDATING"):
        return "aws-owned"
    return str(found.get("KMSMasterKeyArn", "aws-managed"))


def differences(owned: Owned, environment: Environment, seen: Seen) -> list[str]:
    """Return where a table is not as its declaration and its environment have it.

    What was not asked is not compared.
    """
    table, protection = owned.table, environment.tables
    compared: dict[str, tuple[object, object]] = {
        "key": (_said(table.key), _said(seen.key)),
        "TTL": (table.ttl.attribute if table.ttl else None, seen.ttl),
        "stream": (table.stream.value if table.stream else None, seen.stream),
        "deletion protection": (protection.deletion_protection, seen.protected),
    }
    if seen.recovery is not None:
        compared["recovery days"] = (protection.pitr_days, seen.recovery.days)
        compared["encryption"] = (_expected_key(protection.encryption, seen), seen.encryption)
    if seen.insights is not None:
        compared["contributor insights"] = (protection.contributor_insights, seen.insights)
    found = [
        f"{what}: {_word(actual)}, declared is {_word(declared)}"
        for what, (declared, actual) in compared.items()
        if declared != actual
    ]
    return [*found, *_index_differences(table, seen), *_tag_differences(owned, environment, seen)]


def _index_differences(table: Table, seen: Seen) -> Iterator[str]:
    there = {index.name: index for index in seen.indexes}
    for index in table.indexes:
        found = there.pop(index.name, None)
        if found is None:
            yield f"index {index.name}: is missing"
            continue
        if _said(found.key) != _said(index.key):
            yield f"index {index.name}: its key is {_said(found.key)}, not {_said(index.key)}"
        declared = (index.projection.type.value, frozenset(index.projection.include))
        if (found.projection, found.carries) != declared:
            yield f"index {index.name}: carries other attributes than declared"
    for name in there:
        yield f"index {name}: is not declared"


def _tag_differences(owned: Owned, environment: Environment, seen: Seen) -> Iterator[str]:
    if seen.tags is None:
        return
    for name, value in wanted_tags(owned, environment).items():
        if seen.tags.get(name) != value:
            yield f"tag {name}: {_word(seen.tags.get(name))}, declared is {value}"


def wanted_tags(owned: Owned, environment: Environment) -> dict[str, str]:
    """Return the tags that a deployment puts on a table (`stacks.base.stack_tags`, without CDK)."""
    return {**environment.tags, "environment": environment.name, "system": owned.system.name}


def _expected_key(declared: str, seen: Seen) -> str:
    """Return the key that is expected: AWS's own has an ARN as well, which no file knows."""
    managed = declared == "aws-managed" and seen.encryption.startswith("arn:")
    return seen.encryption if managed else declared


def _said(key: Key) -> str:
    return " / ".join(", ".join(part) for part in (key.partition, key.sort) if part)


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "none" if value is None else str(value)
