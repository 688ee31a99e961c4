"""A poller that loses its place or its engine gets going again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from keyline_local.dynamodb.dynamodb_api import ApiError
from keyline_local.resources import StreamMapping
from keyline_local.services.metric_store import MetricStore
from keyline_local.triggers.checkpoint import Checkpoint, CheckpointFile
from keyline_local.triggers.event_source import Poller, Timing
from keyline_local.triggers.stream_reader import Page, StreamReader
from keyline_local.triggers.stream_record import Stream
from keyline_local.triggers.stream_retry import Backoff, Record

STREAM = Stream("arn:stream/1", "shard", "arn:shown", "eu-west-1", 0.0, "pk")
RECORD: Record = {
    "dynamodb": {
        "SequenceNumber": "1",
        "Keys": {"pk": {"S": "a"}},
        "ApproximateCreationDateTime": 1.0,
    }
}


@dataclass
class Reader:
    """A stream of one record; the iterator a mapping starts with is bad, as `fault` says."""

    fault: Exception
    asked: list[tuple[Checkpoint | None, str]] = field(default_factory=list)
    faults: int = 0
    finds_that_fail: int = 0

    async def find(self) -> Stream:
        if self.faults and self.finds_that_fail:
            self.finds_that_fail -= 1
            raise httpx.ConnectError("the engine is away")
        return STREAM

    async def iterator(self, stream: Stream, checkpoint: Checkpoint | None, start: str) -> str:
        self.asked.append((checkpoint, start))
        return "bad" if len(self.asked) == 1 else "good"

    async def read(self, stream: Stream, iterator: str, limit: int) -> Page:
        if iterator == "bad":
            self.faults += 1
            raise self.fault
        return Page([RECORD], "1", "end") if iterator == "good" else Page([], None, "end")


@dataclass(frozen=True)
class Result:
    request_id: str = "r"
    payload: bytes = b"null"
    function_error: str | None = None


@dataclass
class Invoker:
    """A function that tells when it was invoked."""

    invoked: asyncio.Event = field(default_factory=asyncio.Event)

    async def invoke(self, name: str, payload: bytes) -> Result:
        self.invoked.set()
        return Result()


def poller_of(reader: object, invoker: Invoker, folder: Path, timing: Timing) -> Poller:
    """Return the poller of a mapping that begins with what is written after its start."""

    async def send(queue: str, body: str) -> None:
        raise AssertionError("nothing is given up here")

    return Poller(
        StreamMapping(
            logical_id="M", uuid="m", table="T", function="f", starting_position="LATEST"
        ),
        reader=cast(StreamReader, cast(Any, reader)),
        function_arn="arn",
        invoker=invoker,
        send=send,
        checkpoints=CheckpointFile(folder / "m.json"),
        metrics=MetricStore(),
        timing=timing,
    )


@pytest.mark.parametrize(
    ("fault", "start"),
    [
        (ApiError("GetRecords", "ExpiredIteratorException", "too old"), "TRIM_HORIZON"),
        (ApiError("GetRecords", "TrimmedDataAccessException", "gone"), "TRIM_HORIZON"),
        (ApiError("GetRecords", "InternalServerError", "later"), "LATEST"),
        (httpx.ReadError("reset"), "LATEST"),
        (RuntimeError("a fault nobody thought of"), "LATEST"),
    ],
)
def test_a_poller_goes_on_after_a_fault(tmp_path: Path, fault: Exception, start: str) -> None:
    async def scenario() -> None:
        invoker = Invoker()
        reader = Reader(fault, finds_that_fail=2)
        checkpoints = CheckpointFile(tmp_path / "m.json")
        timing = Timing(poll=0.001, backoff=Backoff(base=0.0))
        poller = poller_of(reader, invoker, tmp_path, timing)
        await poller.locate()
        task = asyncio.create_task(poller.run())
        try:
            await asyncio.wait_for(invoker.invoked.wait(), 10)
            await asyncio.wait_for(poller.caught_up(), 10)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert reader.asked[1][1] == start
        # A lost place is forgotten; after another fault the checkpoint still counts.
        assert (reader.asked[1][0] is None) == (start == "TRIM_HORIZON")
        assert checkpoints.read() == Checkpoint(STREAM.arn, "1")

    asyncio.run(scenario())


@dataclass
class Writable:
    """A stream that one record is written to; `read` ends when the test says so.

    Attributes
    ----------
    written
        Whether the record is in the stream.
    looks
        How often it was read.
    answers
        Whether a read ends.
    """

    written: bool = False
    looks: int = 0
    answers: asyncio.Event = field(default_factory=asyncio.Event)

    async def find(self) -> Stream:
        return STREAM

    async def iterator(self, stream: Stream, checkpoint: Checkpoint | None, start: str) -> str:
        return "start"

    async def read(self, stream: Stream, iterator: str, limit: int) -> Page:
        self.looks += 1
        found = self.written and iterator == "start"  # as it is when the read begins
        await self.answers.wait()
        return Page([RECORD], "1", "end") if found else Page([], None, iterator)


@pytest.mark.parametrize("when", ["between two looks", "during a look"])
def test_a_write_that_is_told_of_is_not_waited_for(tmp_path: Path, when: str) -> None:
    async def scenario() -> None:
        # Given a stream that is looked at once a minute while nothing comes
        stream, invoker = Writable(), Invoker()
        poller = poller_of(stream, invoker, tmp_path, Timing(poll=0.01, idle=60.0))
        await poller.locate()
        task = asyncio.create_task(poller.run())
        try:
            if when == "between two looks":
                stream.answers.set()
            await asyncio.sleep(0.1)
            assert stream.looks == 1

            # When a write is told of
            stream.written = True
            poller.written()
            stream.answers.set()

            # Then the function has its record at once, and nobody looks all the time
            await asyncio.wait_for(invoker.invoked.wait(), 10)
            await asyncio.sleep(0.1)
            assert stream.looks <= 3
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(scenario())
