"""Stream records as objects of S3: a line of JSON for each, zipped, by the day of the deletion.

An object's name follows from what is in it, so that a batch that is delivered again writes the
same object again. A batch that Lambda halved writes other objects with the same lines. Queries
tell lines apart by `archive_event_id`.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

_PLAIN = ("S", "B")


class StoredObject(NamedTuple):
    """An object: its key in the bucket, and its content."""

    key: str
    content: bytes


def objects_of(table: str, records: Sequence[Mapping[str, Any]]) -> Iterator[StoredObject]:
    """Yield one object for each day that records are of.

    Parameters
    ----------
    table
        The declared name of the table.
    records
        Deletions, with the image of the item before.
    """
    days: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        days.setdefault(_moment(record).date().isoformat(), []).append(record)
    for day, of_day in days.items():
        first, last = (each["dynamodb"]["SequenceNumber"] for each in (of_day[0], of_day[-1]))
        lines = b"".join(_line(record) for record in of_day)
        key = f"table={table}/day={day}/{first}-{last}.jsonl.gz"
        yield StoredObject(key, gzip.compress(lines, mtime=0))


def _line(record: Mapping[str, Any]) -> bytes:
    item = record["dynamodb"]["OldImage"]
    line = {
        "archive_event_id": record["eventID"],
        "archive_sequence": record["dynamodb"]["SequenceNumber"],
        "archive_deleted_at": _moment(record).isoformat(),
        "archive_item": msgspec.json.encode(item).decode(),
        **{name: _value(value) for name, value in item.items()},
    }
    return msgspec.json.encode(line) + b"\n"


def _moment(record: Mapping[str, Any]) -> datetime:
    return datetime.fromtimestamp(record["dynamodb"]["ApproximateCreationDateTime"], UTC)


def _value(value: Mapping[str, Any]) -> Any:
    """Return a value as JSON: plain where JSON has its type, else a text of DynamoDB's JSON."""
    ((kind, content),) = value.items()
    if kind == "N":
        return msgspec.Raw(content.encode())
    if kind == "BOOL":
        return content
    if kind == "NULL":
        return None
    return content if kind in _PLAIN else msgspec.json.encode(value).decode()
