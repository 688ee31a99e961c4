"""The requests in DynamoDB JSON, for clients that send them as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from benchmarks.clients.workload import (
    CONDITION,
    CONDITION_NAMES,
    ITEMS,
    KEYS,
    TEXT,
    UNTIL,
    UPDATE,
    UPDATE_NAMES,
    Item,
    from_dynamodb_json,
    in_dynamodb_json,
    item,
    key_of,
)

Request = dict[str, Any]


class Requests(NamedTuple):
    """The parameters of each operation."""

    get: Request
    query: Request
    batch_get: Request
    put: Request
    update: Request


def of(table: str) -> Requests:
    """Return the requests to a table. Each asks for the consumed capacity."""
    metered = {"ReturnConsumedCapacity": "INDEXES"}
    common = {"TableName": table, **metered}
    key = in_dynamodb_json(key_of(item(1)))
    values = in_dynamodb_json({":c": "conversation-1", ":a": 0, ":b": UNTIL})
    keys = [in_dynamodb_json(each) for each in KEYS]
    return Requests(
        get={"Key": key, **common},
        query={
            "KeyConditionExpression": CONDITION,
            "ExpressionAttributeNames": CONDITION_NAMES,
            "ExpressionAttributeValues": values,
            "Limit": ITEMS,
            **common,
        },
        batch_get={"RequestItems": {table: {"Keys": keys}}, **metered},
        put={"Item": in_dynamodb_json(item(1)), **common},
        update={
            "Key": key,
            "UpdateExpression": UPDATE,
            "ExpressionAttributeNames": UPDATE_NAMES,
            "ExpressionAttributeValues": in_dynamodb_json({":r": TEXT, ":n": 1}),
            "ReturnValues": "ALL_NEW",
            **common,
        },
    )


def items_of(answer: Any) -> Sequence[Any]:
    """Return the items of an answer, of whatever operation."""
    if "Responses" in answer:
        (found,) = answer["Responses"].values()
        return list(found)
    return list(answer["Items"]) if "Items" in answer else [answer["Item"]]


def plain_items_of(answer: Any) -> Sequence[Item]:
    """Return the items of an answer in DynamoDB JSON as plain items."""
    return [from_dynamodb_json(each) for each in items_of(answer)]
