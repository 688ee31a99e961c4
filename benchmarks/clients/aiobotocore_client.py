"""aiobotocore's client: DynamoDB JSON as dictionaries, in one loop of events."""

from __future__ import annotations

import asyncio

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

from benchmarks.clients import requests
from benchmarks.clients.workload import Client


def make(url: str, table: str) -> Client:
    """Return the client of an engine. A call runs the loop until its answer is there."""
    loop = asyncio.new_event_loop()
    made = get_session().create_client("dynamodb", endpoint_url=url, config=AioConfig())
    client = loop.run_until_complete(made.__aenter__())
    get, query, batch_get, put, update = requests.of(table)

    def spread(calls: int, tasks: int) -> None:
        async def some() -> None:
            for _ in range(calls // tasks):
                await client.get_item(**get)

        async def all_of_them() -> None:
            await asyncio.gather(*(some() for _ in range(tasks)))

        loop.run_until_complete(all_of_them())

    run = loop.run_until_complete
    return Client(
        {
            "get": lambda: run(client.get_item(**get)),
            "query": lambda: run(client.query(**query)),
            "batch get": lambda: run(client.batch_get_item(**batch_get)),
            "put": lambda: run(client.put_item(**put)),
            "update": lambda: run(client.update_item(**update)),
        },
        requests.plain_items_of,
        spread,
    )
