"""The stream handler of the functions and the platform's mapping, together against poison."""

from __future__ import annotations

import asyncio
import io
import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aws_lambda_powertools import Logger

from keyline.model import Function, Key, Put, StreamSource, StreamView, System, Table
from keyline.stream import BatchFailedError, Change, stream_handler
from keyline_local.host.errors import LocalPlatformError
from tests.keyline_local.engine.rig import (
    FAILED,
    FUNCTION,
    TABLE,
    Consumer,
    Result,
    mapping,
    running,
)

_NUMBERS = itertools.count()


class Note(msgspec.Struct, kw_only=True):
    pk: str
    sk: int
    text: str


NOTES = Table(
    TABLE,
    "Key design: by conversation, in the order of writing.",
    key=Key("pk", "sk"),
    entities=[Note],
    stream=StreamView.NEW_AND_OLD_IMAGES,
)
SYSTEM = System(
    name="notes",
    title="Notes",
    tables=(NOTES,),
    functions=(
        Function(
            name="roll-up",
            handler="notes.handler",
            why="w",
            patterns=(
                Put(name="put", why="w", table=NOTES, shape=Note, item_bytes=100, per_month=1),
            ),
            source=StreamSource(table=NOTES),
        ),
    ),
)


class RollUp:
    """A function whose process applies all of its changes or none, as a transaction does."""

    def __init__(self) -> None:
        self.applied: list[str] = []
        self.reported: list[tuple[str, list[str]]] = []
        self._handler = stream_handler(
            SYSTEM,
            Note,
            self._process,
            logger=Logger(service=f"notes-{next(_NUMBERS)}", stream=io.StringIO()),
        )

    def _process(self, changes: Sequence[Change[Note]]) -> None:
        texts = [change.new.text for change in changes if change.new]
        if "poison" in texts:
            raise RuntimeError("poison")
        self.applied += texts

    def answer(self, records: list[dict[str, Any]]) -> Result:
        """Run the handler as Lambda's runtime does: what it raises fails the invocation."""
        try:
            answer = self._handler({"Records": records}, None)
        except BatchFailedError:
            return FAILED
        for failure in answer["batchItemFailures"]:
            numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
            self.reported.append((failure["itemIdentifier"], numbers))
        return Result(json.dumps(answer).encode())


@pytest.mark.requirement("X-05")
@pytest.mark.parametrize("readable", [True, False], ids=["failing", "unreadable"])
@pytest.mark.parametrize(
    "poisoned", [[0], [3], [7], [0, 1], [0, 3, 7], [6, 7], list(range(8))], ids=str
)
def test_each_poison_record_ends_alone_and_all_others_are_applied_once_in_order(
    root: Path, tmp_path: Path, poisoned: list[int], readable: bool
) -> None:
    async def scenario() -> None:
        async with running(root, tmp_path) as rig:
            # Given a batch with poison in it
            for number in range(8):
                if number not in poisoned:
                    await rig.write(f"m{number}")
                elif readable:
                    await rig.write("poison")
                else:
                    await rig.write("poison", text={"N": "1"})
            function = RollUp()
            consumer = Consumer(function.answer)
            wanted = mapping(bisect=True, max_attempts=2, partial_batch=True)

            # When the mapping delivers it
            async with rig.sources(consumer, wanted) as sources:
                await sources.drain()
                (status,) = sources.status().values()

            # Then all were in one batch, and every good record has its effect once, in order
            assert len(consumer.batches[0]) == 8
            assert function.applied == [f"m{n}" for n in range(8) if n not in poisoned]

            # And each poison record is alone in the queue, in order
            infos = [message["DDBStreamBatchInfo"] for message in consumer.messages]
            ends = [(i["startSequenceNumber"], i["endSequenceNumber"]) for i in infos]
            numbers = [consumer.batches[0][n]["dynamodb"]["SequenceNumber"] for n in poisoned]
            assert ends == [(number, number) for number in numbers]
            assert (status.delivered, status.discarded) == (8 - len(poisoned), len(poisoned))

            # And nothing depended on a batch being halved whose first record is reported
            assert [
                (number, batch)
                for number, batch in function.reported
                if number == batch[0] and len(batch) > 1
            ] == []

    asyncio.run(scenario())


def test_what_was_given_up_can_be_read_again_and_is_the_same_change(
    root: Path, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with running(root, tmp_path) as rig:
            # Given a record that the function gave up on
            await rig.write("m0", "poison", "m2")
            consumer = Consumer(RollUp().answer)
            async with rig.sources(
                consumer, mapping(bisect=True, max_attempts=1, partial_batch=True)
            ) as sources:
                await sources.drain()
                (message,) = consumer.messages
                info = message["DDBStreamBatchInfo"]
                first, last = info["startSequenceNumber"], info["endSequenceNumber"]

                # When it is read again by its position
                found = await sources.records(FUNCTION, first, last)

                # Then it is what the function was given, with the same event id
                assert found == [consumer.batches[0][1]]
                through = await sources.records(FUNCTION, "1", last)
                assert through == consumer.batches[0][:2]

                # And a place that the stream does not have is told
                with pytest.raises(LocalPlatformError, match="consumes no stream"):
                    await sources.records("another", first, last)

    asyncio.run(scenario())
