"""Stream records: from what the engine answers to what Lambda hands to a function."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from keyline_local.triggers.stream_retry import Record


@dataclass(frozen=True)
class Stream:
    """The stream of a table.

    Attributes
    ----------
    arn
        As the engine names it; requests need this one.
    shard_id
        The only shard of the stream.
    shown_arn
        As the platform's own account and region would name it; functions see this one.
    region
        The platform's region.
    created
        When the stream began, in epoch seconds.
    partition_key
        Name of the table's partition key.
    """

    arn: str
    shard_id: str
    shown_arn: str
    region: str
    created: float
    partition_key: str


def shown_arn(table_arn: str, engine_arn: str) -> str:
    """Return a stream's ARN under the table's ARN, its label a time as AWS writes it.

    The engine uses its own account and region, and epoch seconds as the label.
    """
    label = engine_arn.rsplit("/stream/", 1)[-1]
    try:
        created = datetime.fromtimestamp(float(label), UTC)
    except ValueError:
        return f"{table_arn}/stream/{label}"
    return f"{table_arn}/stream/{created.replace(tzinfo=None).isoformat(timespec='milliseconds')}"


def shape(raw: Mapping[str, Any], stream: Stream) -> Record:
    """Return a record of a raw GetRecords answer in the form of a Lambda event.

    The raw answer is used because botocore drops the engine's `userIdentity`, which marks a
    deletion by TTL: `{"type": "Service", "principalId": "dynamodb.amazonaws.com"}`. Binary
    values stay base64, numbers strings, times epoch seconds.
    """
    dynamodb = dict(raw["dynamodb"])
    shaped: dict[str, Any] = {
        "eventID": _event_id(stream, str(dynamodb["SequenceNumber"])),
        "eventName": raw["eventName"],
        "eventVersion": raw.get("eventVersion", "1.1"),
        "eventSource": "aws:dynamodb",
        "awsRegion": stream.region,
        "dynamodb": dynamodb,
        "eventSourceARN": stream.shown_arn,
    }
    identity = raw.get("userIdentity") or raw.get("UserIdentity")
    if identity:
        shaped["userIdentity"] = {name[0].lower() + name[1:]: identity[name] for name in identity}
    return shaped


def _event_id(stream: Stream, sequence: str) -> str:
    # The engine counts 1, 2, 3 in every table. On AWS an event id is 32 hex digits, unique
    # across tables and the same at each delivery; idempotent handlers build on both.
    return hashlib.md5(f"{stream.arn}/{sequence}".encode(), usedforsecurity=False).hexdigest()
