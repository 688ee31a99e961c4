"""A real engine with a streamed table, and functions that are Python callables."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from keyline_local.dynamodb.dynamodb_api import STREAMS, DynamoApi
from keyline_local.dynamodb.engine import Engine, find_binary
from keyline_local.host.process import free_port
from keyline_local.resources import Function, StreamMapping, Table
from keyline_local.triggers.event_source import EventSources, Timing
from keyline_local.triggers.stream_retry import Backoff

TABLE = "RigMessages"
FUNCTION = "roll-up"
REGION = "eu-west-1"
QUICK = Timing(poll=0.01, backoff=Backoff(base=0.001, cap=0.01))


def table(name: str = TABLE) -> Table:
    """Describe a table with keys `pk` and `sk`, a stream, and TTL by `expires`."""
    return Table(
        logical_id=name,
        name=name,
        arn=f"arn:aws:dynamodb:{REGION}:111122223333:table/{name}",
        create={
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "N"},
            ],
            "StreamSpecification": {
                "StreamEnabled": True,
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        },
        ttl_attribute="expires",
    )


def mapping(**settings: Any) -> StreamMapping:
    """Describe a mapping from the table to the function; TRIM_HORIZON unless told."""
    return StreamMapping(
        **{
            "logical_id": "RollUpMapping",
            "uuid": "6c8c4f1e-1111-5222-8333-444455556666",
            "table": TABLE,
            "function": FUNCTION,
            "starting_position": "TRIM_HORIZON",
            "on_failure": "http://queue",
            **settings,
        }
    )


@dataclass(frozen=True)
class Result:
    """The answer of a function."""

    payload: bytes = b"null"
    function_error: str | None = None
    request_id: str = "6d1f6c5e-0000-4000-8000-000000000000"


FAILED = Result(b'{"errorMessage": "poison"}', "Unhandled")


@dataclass
class Consumer:
    """A function and its on-failure queue: keeps what it was given.

    `answer` may raise, which stands for a function that could not be run.
    """

    answer: Callable[[list[dict[str, Any]]], Result | Awaitable[Result]] = lambda records: Result()
    batches: list[list[dict[str, Any]]] = field(default_factory=list)
    succeeded: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)

    async def invoke(self, name: str, payload: bytes) -> Result:
        assert name == FUNCTION
        records = json.loads(payload)["Records"]
        self.batches.append(records)
        answer = self.answer(records)
        result = answer if isinstance(answer, Result) else await answer
        if not result.function_error:
            self.succeeded += records
        return result

    async def send(self, queue: str, body: str) -> None:
        assert queue == "http://queue"
        self.messages.append(json.loads(body))

    def texts(self) -> list[str]:
        """Return the texts of the records in the batches that succeeded, in order."""
        return [text(record) for record in self.succeeded]

    def by_key(self) -> Mapping[str, list[int]]:
        """Return the sort keys that succeeded, in order, by partition key."""
        found: dict[str, list[int]] = defaultdict(list)
        for record in self.succeeded:
            keys = record["dynamodb"]["Keys"]
            found[keys["pk"]["S"]].append(int(keys["sk"]["N"]))
        return found


def text(record: Mapping[str, Any]) -> str:
    """Return the text a record's item was written with."""
    return str(record["dynamodb"]["NewImage"]["text"]["S"])


@dataclass
class Rig:
    """The running engine and a folder for the mappings' state."""

    engine: Engine
    api: DynamoApi
    state: Path

    async def make(self, wanted: Table) -> None:
        await self.api.call("CreateTable", wanted.create)
        specification = {"Enabled": True, "AttributeName": wanted.ttl_attribute}
        await self.api.call(
            "UpdateTimeToLive",
            {"TableName": wanted.name, "TimeToLiveSpecification": specification},
        )

    async def write(self, *texts: str, pk: str = "c", **more: Any) -> None:
        """Put one item per text, its sort key the text's position among the items of `pk`."""
        for one in texts:
            item = {"pk": {"S": pk}, "sk": {"N": str(self._next(pk))}, "text": {"S": one}, **more}
            await self.api.call("PutItem", {"TableName": TABLE, "Item": item})

    async def stream_length(self) -> int:
        """Count the records of the table's stream."""
        described = await self.api.call("DescribeTable", {"TableName": TABLE})
        arn = described["Table"]["LatestStreamArn"]
        answer = await self.api.call("DescribeStream", {"StreamArn": arn}, STREAMS)
        shard = answer["StreamDescription"]["Shards"][0]["ShardId"]
        place = {"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
        iterator = await self.api.call("GetShardIterator", place, STREAMS)
        request = {"ShardIterator": iterator["ShardIterator"], "Limit": 1000}
        return len((await self.api.call("GetRecords", request, STREAMS))["Records"])

    def sources(
        self, consumer: Consumer, *mappings: StreamMapping, timing: Timing = QUICK, **over: Any
    ) -> EventSources:
        """Return event sources that feed the consumer."""
        settings: dict[str, Any] = {
            "tables": [table()],
            "functions": [function()],
            "endpoint": self.engine.endpoint,
            "region": REGION,
            "invoker": consumer,
            "send": consumer.send,
            "state": self.state,
            "timing": timing,
            **over,
        }
        return EventSources(mappings or [mapping()], **settings)

    async def kill(self) -> None:
        """Kill the engine outright and wait until its supervisor has it back."""
        back = asyncio.Event()

        async def note() -> None:
            back.set()

        self.engine.child.on_restart = note
        assert self.engine.child.pid is not None
        os.kill(self.engine.child.pid, signal.SIGKILL)
        await back.wait()

    def _next(self, pk: str) -> int:
        self._written[pk] += 1
        return self._written[pk]

    def __post_init__(self) -> None:
        self._written: dict[str, int] = defaultdict(int)


@asynccontextmanager
async def running(root: Path, folder: Path, *, make: bool = True) -> AsyncIterator[Rig]:
    """Run an engine on a data file in the folder, the table made, until the block ends."""
    engine = Engine(find_binary(root), folder / "engine.db", port=free_port(), mcp_port=free_port())
    await engine.start()
    try:
        async with DynamoApi(engine.endpoint, REGION) as api:
            rig = Rig(engine, api, folder / "mappings")
            if make:
                await rig.make(table())
            yield rig
    finally:
        await engine.stop()


def function() -> Function:
    """Describe the function of the mapping."""
    return Function(
        logical_id="RollUp",
        name=FUNCTION,
        arn=f"arn:aws:lambda:{REGION}:111122223333:function:{FUNCTION}",
        handler="handler.handle",
        runtime="python3.13",
        code=Path(),
        environment={},
        timeout=10,
        memory=256,
        statements=(),
    )
