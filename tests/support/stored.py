"""The items of a table, as Python values."""

from __future__ import annotations

from typing import Any

from boto3.dynamodb.types import TypeDeserializer

_read = TypeDeserializer().deserialize


def items_of(client: Any, table: str) -> list[dict[str, Any]]:
    """Return every item of a table, which a client of boto3 reads."""
    pages = client.get_paginator("scan").paginate(TableName=table)
    return [
        {name: _read(value) for name, value in item.items()}
        for page in pages
        for item in page["Items"]
    ]
