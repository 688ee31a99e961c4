"""pydynox's client: items as dictionaries, by way of a client in Rust."""

from __future__ import annotations

import os

from pydynox import DynamoDBClient

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
    item,
    key_of,
)


def make(url: str, table: str) -> Client:
    """Return the client of an engine."""
    client = DynamoDBClient(region=os.environ["AWS_REGION"], endpoint_url=url)
    first = item(1)
    key = key_of(first)
    return Client(
        {
            "get": lambda: [client.sync_get_item(table, key)],
            "query": lambda: list(
                client.sync_query(
                    table,
                    CONDITION,
                    expression_attribute_names=CONDITION_NAMES,
                    expression_attribute_values={":c": "conversation-1", ":a": 0, ":b": UNTIL},
                    page_size=ITEMS,
                )
            ),
            "batch get": lambda: client.sync_batch_get(table, KEYS),
            "put": lambda: client.sync_put_item(table, first),
            "update": lambda: client.sync_update_item(
                table,
                key,
                update_expression=UPDATE,
                expression_attribute_names=UPDATE_NAMES,
                expression_attribute_values={":r": TEXT, ":n": 1},
            ),
        },
        list,
    )
