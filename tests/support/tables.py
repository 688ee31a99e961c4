"""Tables for tests: of a system from its synthesized template, of the run time's tests from
the declaration alone.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from keyline.model import Key, Table
from keyline.run import Connection, ReplyError, dynamodb_client
from tests.support.engine import where


def create_table_params(table: Table, environment: str) -> dict[str, Any]:
    """Return the CreateTable request of a table, as boto3 takes it."""
    params: dict[str, Any] = {
        "TableName": table.physical_name(environment),
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": _schema(table.key),
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": kind}
            for name, kind in table.key_attributes.items()
        ],
    }
    if table.indexes:
        params["GlobalSecondaryIndexes"] = [
            {
                "IndexName": index.name,
                "KeySchema": _schema(index.key),
                "Projection": {
                    "ProjectionType": index.projection.type.value,
                    **(
                        {"NonKeyAttributes": list(index.projection.include)}
                        if index.projection.include
                        else {}
                    ),
                },
            }
            for index in table.indexes
        ]
    return params


def of_template(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the CreateTable request of a table in a synthesized template."""
    stream = properties.get("StreamSpecification")
    indexes = [
        {key: index[key] for key in ("IndexName", "KeySchema", "Projection")}
        for index in properties.get("GlobalSecondaryIndexes", [])
    ]
    return {
        "TableName": properties["TableName"],
        "KeySchema": properties["KeySchema"],
        "AttributeDefinitions": properties["AttributeDefinitions"],
        "BillingMode": "PAY_PER_REQUEST",
        **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
        **({"StreamSpecification": {"StreamEnabled": True, **stream}} if stream else {}),
    }


def attribute_types(table: Mapping[str, Any]) -> dict[str, str]:
    """Return the type of each key attribute that a table's description names."""
    return {d["AttributeName"]: d["AttributeType"] for d in table["AttributeDefinitions"]}


@contextlib.contextmanager
def created(endpoint: str, definitions: Sequence[Mapping[str, Any]]) -> Iterator[None]:
    """Create tables, wait until they can be used, and delete them however the block ends.

    The calls go through our connection: tests make tables by the thousand.
    """
    send = _connection(endpoint).send
    names = [definition["TableName"] for definition in definitions]
    try:
        for definition in definitions:
            send("CreateTable", definition)
        for name in names:
            while not _is_active(send("DescribeTable", {"TableName": name}).body):
                time.sleep(1)
        yield
    finally:
        for name in names:
            try:
                send("DeleteTable", {"TableName": name})
            except ReplyError as error:
                if error.code != "ResourceNotFoundException":
                    raise


@cache
def _connection(endpoint: str) -> Connection:
    return Connection(dynamodb_client(**where(endpoint)))


def _is_active(reply: bytes) -> bool:
    return bool(msgspec.json.decode(reply)["Table"]["TableStatus"] == "ACTIVE")


def _schema(key: Key) -> list[dict[str, str]]:
    parts = [(name, "HASH") for name in key.partition] + [(name, "RANGE") for name in key.sort]
    return [{"AttributeName": name, "KeyType": kind} for name, kind in parts]
