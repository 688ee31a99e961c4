"""Write shards: one partition key spread over several values, and put together again."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from keyline.model.pattern import Query
from keyline.model.table import SHARD_MARK
from keyline.run.errors import BadValueError
from keyline.run.identity import identity

_SEPARATOR = "\x1f"
_MARKED = re.compile(rf"{SHARD_MARK}[0-9]+\Z")


def shard_of(key: Iterable[Mapping[str, Any]], shards: int) -> int:
    """Return the shard of an item by its primary key, as DynamoDB JSON: the same at every write."""
    if shards == 1:
        return 0
    # Items keep their shard only as long as this text stays as it is.
    text = _SEPARATOR.join(content for _, content in identity(key))
    return zlib.crc32(text.encode()) % shards


def sharded(value: str, shard: int) -> str:
    """Return a partition key's value in a shard; the plain value in the first."""
    return value if shard == 0 else f"{value}{SHARD_MARK}{shard}"


def plain(stored: str) -> str:
    """Return the value without its shard."""
    return _MARKED.sub("", stored)


def refuse_marked(attribute: str, value: str) -> None:
    """Refuse a value that could not be told from a shard of another.

    Raises
    ------
    BadValueError
        If it ends with a shard's mark.
    """
    if _MARKED.search(value):
        raise BadValueError(
            attribute,
            f"ends with {SHARD_MARK} and digits, which marks a shard.",
            "Choose another ending.",
        )


def in_shards(
    pattern: Query[Any], place: str, request: dict[str, Any], shards: int
) -> list[dict[str, Any]]:
    """Return the request of a query for each shard.

    Parameters
    ----------
    place
        The placeholder of the first attribute of the partition key.
    shards
        Over how many values that attribute is spread; 1 where it is not sharded.
    """
    if shards == 1:
        return [request]
    attribute, given = pattern.key.partition[0], request["ExpressionAttributeValues"]
    text, limit = given[place]["S"], pattern.table.key_limits[attribute]
    refuse_marked(attribute, text)
    texts = (sharded(text, shard) for shard in range(shards))
    # No item can be in a shard whose name is too long for a key; those are the last ones.
    return [
        {**request, "ExpressionAttributeValues": {**given, place: {"S": each}}}
        for each in texts
        if len(each.encode()) <= limit
    ]
