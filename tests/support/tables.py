"""Tables made from the declaration alone, for tests of the run time.

What is deployed is made from the synthesized template; these tests need no template.
"""

from __future__ import annotations

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


def _schema(key: Key) -> list[dict[str, str]]:
    parts = [(name, "HASH") for name in key.partition] + [(name, "RANGE") for name in key.sort]
    return [{"AttributeName": name, "KeyType": kind} for name, kind in parts]
