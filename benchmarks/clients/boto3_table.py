"""boto3's Table resource: items as dictionaries, numbers as Decimal."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import boto3

from benchmarks.clients.requests import items_of
from benchmarks.clients.workload import (
    CONDITION,
    CONDITION_NAMES,
    ITEMS,
    KEYS,
    TEXT,
    UNTIL,
    UPDATE,
    UPDATE_NAMES,
    Client,
    Item,
    item,
    key_of,
)


def make(url: str, table: str) -> Client:
    """Return the client of an engine."""
    resource = boto3.resource("dynamodb", endpoint_url=url)
    model = resource.Table(table)
    metered: dict[str, Any] = {"ReturnConsumedCapacity": "INDEXES"}
    first = _in_decimals(item(1))
    key = _in_decimals(key_of(item(1)))
    keys = [_in_decimals(each) for each in KEYS]
    values = {":c": "conversation-1", ":a": 0, ":b": UNTIL}
    return Client(
        {
            "get": lambda: model.get_item(Key=key, **metered),
            "query": lambda: model.query(
                KeyConditionExpression=CONDITION,
                ExpressionAttributeNames=CONDITION_NAMES,
                ExpressionAttributeValues=values,
                Limit=ITEMS,
                **metered,
            ),
            "batch get": lambda: resource.batch_get_item(
                RequestItems={table: {"Keys": keys}}, **metered
            ),
            "put": lambda: model.put_item(Item=first, **metered),
            "update": lambda: model.update_item(
                Key=key,
                UpdateExpression=UPDATE,
                ExpressionAttributeNames=UPDATE_NAMES,
                ExpressionAttributeValues={":r": TEXT, ":n": 1},
                ReturnValues="ALL_NEW",
                **metered,
            ),
        },
        items_of,
    )


def _in_decimals(plain: Item) -> Item:
    return {k: Decimal(repr(v)) if isinstance(v, float) else v for k, v in plain.items()}
