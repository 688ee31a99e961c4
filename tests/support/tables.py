"""Tables for tests: of a system from its synthesized template, of the run time's tests from
the declaration alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from keyline.model import Key, Table


def create_table_params(table: Table, environment: str) -> dict[str, Any]:
    """The CreateTable request of a table, as boto3 takes it."""
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
    """The CreateTable request of a table in a synthesized template."""
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
def created(client: Any, definitions: Sequence[Mapping[str, Any]]) -> Iterator[None]:
    """Create tables, wait until they can be used, and delete them however the block ends."""
    names = [definition["TableName"] for definition in definitions]
    try:
        for definition in definitions:
            client.create_table(**definition)
        for name in names:
            waiter = client.get_waiter("table_exists")
            waiter.wait(TableName=name, WaiterConfig={"Delay": 1})
        yield
    finally:
        for name in names:
            with contextlib.suppress(client.exceptions.ResourceNotFoundException):
                client.delete_table(TableName=name)


def _schema(key: Key) -> list[dict[str, str]]:
    parts = [(name, "HASH") for name in key.partition] + [(name, "RANGE") for name in key.sort]
    return [{"AttributeName": name, "KeyType": kind} for name, kind in parts]
