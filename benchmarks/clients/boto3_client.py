"""boto3's client: DynamoDB JSON as dictionaries, consumed capacity returned."""

from __future__ import annotations

import boto3

from benchmarks.clients import requests
from benchmarks.clients.workload import Client


def make(url: str, table: str) -> Client:
    """Return the client of an engine."""
    client = boto3.client("dynamodb", endpoint_url=url)
    get, query, batch_get, put, update = requests.of(table)
    return Client(
        {
            "get": lambda: client.get_item(**get),
            "query": lambda: client.query(**query),
            "batch get": lambda: client.batch_get_item(**batch_get),
            "put": lambda: client.put_item(**put),
            "update": lambda: client.update_item(**update),
        },
        requests.plain_items_of,
    )
