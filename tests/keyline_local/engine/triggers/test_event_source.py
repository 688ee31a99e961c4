"""Stream mappings on a real engine: order, restarts, filters, poison, queues, age."""

from __future__ import annotations

import asyncio
import errno
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from keyline_local.host.clock import Clock
from keyline_local.host.errors import LocalPlatformError
from tests.keyline_local.engine.rig import (
    FAILED,
    QUICK,
    REGION,
    TABLE,
    Consumer,
    Result,
    mapping,
    running,
    table,
    text,
)


def poisoned(records: list[dict[str, Any]]) -> Result:
    """Fail on a batch that holds a poison record, as a handler that raises does."""
    return FAILED if any(text(record) == "poison" for record in records) else Result()


def reporting(records: list[dict[str, Any]]) -> Result:
    """Report the poison records of a batch, as a handler with partial responses does."""
    failed = [
        f'{{"itemIdentifier": "{record["dynamodb"]["SequenceNumber"]}"}}'
        for record in records
        if text(record) == "poison"
    ]
    return Result(f'{{"batchItemFailures": [{", ".join(failed)}]}}'.encode())


@pytest.mark.parametrize("parallelization", [1, 4])
def test_all_records_arrive_in_the_order_of_their_key(
    root: Path, tmp_path: Path, parallelization: int
) -> None:
    async def scenario() -> None:
        async with running(root, tmp_path) as rig:
            for number in range(120):
                await rig.write(f"m{number}", pk=f"c{number % 7}")
            consumer = Consumer()
            wanted = mapping(batch_size=10, parallelization=parallelization)
            async with rig.sources(consumer, wanted) as sources:
                await sources.drain()
                (status,) = sources.status().values()
            assert sorted(consumer.texts()) == sorted(f"m{number}" for number in range(120))
            for numbers in consumer.by_key().values():
                assert numbers == sorted(numbers)
            assert max(len(batch) for batch in consumer.batches) <= 10
            assert (status.delivered, status.failures, status.discarded) == (120, 0, 0)
            assert status.iterator_age_ms is not None
            assert status.iterator_age_ms >= 0

    asyncio.run(scenario())


def test_a_record_has_the_form_lambda_gives_it(root: Path, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(root, tmp_path) as rig:
            await rig.write("hello", blob={"B": "AAE="})
            consumer = Consumer()
            async with rig.sources(consumer) as sources:
                await sources.drain()
        (record,) = consumer.succeeded
        assert record["eventSourceARN"].startswith(f"{table().arn}/stream/20")
        assert (record["eventSource"], record["awsRegion"]) == ("aws:dynamodb", REGION)
        assert record["eventName"] == "INSERT"
        assert "userIdentity" not in record
        assert record["dynamodb"]["NewImage"]["blob"] == {"B": "AAE="}
        assert record["dynamodb"]["NewImage"]["sk"] == {"N": "1"}
        assert isinstance(record["dynamodb"]["ApproximateCreationDateTime"], int | float)

    asyncio.run(scenario())


def test_latest_sees_only_what_is_written_after_the_start_and_all_of_it(
    root: Path, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with running(root, tmp_path) as rig:
            await rig.write("before")
            consumer = Consumer()
            latest = mapping(starting_position="LATEST")
            # Given a platform that is stopped before it looked at the stream once
            first = rig.sources(consumer, latest, timing=replace(QUICK, poll=1000.0))
            async with first:
                await rig.write("first")
            # When it starts again
            await rig.write("while down")
            async with rig.sources(consumer, latest) as sources:
                await rig.write("second")
                await sources.drain()
            # Then nothing since its first start is missing
            assert set(consumer.texts()) == {"first", "while down", "second"}

    asyncio.run(scenario())


def test_a_restart_goes_on_at_the_checkpoint(root: Path, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(root, tmp_path) as rig:
            await rig.write(*(f"a{number}" for number in range(12)))
            before = Consumer()
            async with rig.sources(before, mapping(batch_size=5)) as sources:
                await sources.drain()
        async with running(root, tmp_path, make=False) as rig:
            await rig.write("b0", "b1", pk="d")
            after = Consumer()
            async with rig.sources(after, mapping(batch_size=5)) as sources:
                await sources.drain()
        assert before.texts() == [f"a{number}" for number in range(12)]
        assert after.texts() == ["b0", "b1"]

    asyncio.run(scenario())


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0])
def test_a_checkpoint_holds_although_the_clock_jumps(
    root: Path, tmp_path: Path, jump: float
) -> None:
    async def scenario() -> None:
        async with running(root, tmp_path) as rig:
            consumer, ahead = Consumer(), [0.0]
            timing = replace(QUICK, clock=Clock(lambda: time.time() + ahead[0]))
            await rig.write("a", "b")
            async with rig.sources(consumer, timing=timing) as sources:
                await sources.drain()
                ahead[0] = jump
                await rig.write("c", "d")
                await sources.drain()
                (status,) = sources.status().values()
            assert status.iterator_age_ms is not None
            assert status.iterator_age_ms >= 0
            await rig.write("e")
            async with rig.sources(consumer, timing=timing) as sources:
                await sources.drain()
            assert consumer.texts() == ["a", "b", "c", "d", "e"]
            assert consumer.messages == []

    asyncio.run(scenario())


def test_a_checkpoint_that_cannot_be_written_is_told_and_costs_no_record(
    root: Path, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with running(root, tmp_path) as rig:
            consumer, told = Consumer(), list[OSError]()
            # Given a mapping that has delivered, When the disk of its checkpoint is full
            full = (rig.state / mapping().uuid).with_suffix(".new")
            async with rig.sources(consumer, unwritable=told.append) as sources:
                await rig.write("before")
                await sources.drain()
                full.symlink_to("/dev/full")
                # Then it is told, and the next record is delivered all the same, once
                for each in ("full", "still full"):
                    await rig.write(each)
                    await sources.drain()
            assert {error.errno for error in told} == {errno.ENOSPC}
            assert consumer.texts() == ["before", "full", "still full"]
            # And when there is space, a restart delivers again what no checkpoint says
            full.unlink()
            again = Consumer()
            async with rig.sources(again, unwritable=told.append) as sources:
                await rig.write("after")
                await sources.drain()
            assert again.texts() == ["full", "still full", "after"]

    asyncio.run(scenario())


def test_a_batch_under_way_at_a_stop_is_delivered_again(root: Path, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(root, tmp_path) as rig:
            await rig.write("a", "b", "c", "d")
            reached = asyncio.Event()

            async def hang() -> Result:
                reached.set()
                return await asyncio.Future()

            def hang_on_the_second(records: list[dict[str, Any]]) -> Any:
                return Result() if text(records[0]) == "a" else hang()

            before, after = Consumer(hang_on_the_second), Consumer()
            async with rig.sources(before, mapping(batch_size=2)):
                await reached.wait()
            async with rig.sources(after, mapping(batch_size=2)) as sources:
                await sources.drain()
            assert [[text(record) for record in batch] for batch in before.batches] == [
                ["a", "b"],
                ["c", "d"],
            ]
            assert after.texts() == ["c", "d"]

    asyncio.run(scenario())


def test_what_a_partial_response_reports_as_done_is_not_delivered_after_a_restart(
    root: Path, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with running(root, tmp_path) as rig:
            await rig.write("a", "b", "poison", "c")
            retried = asyncio.Event()

            def answer(records: list[dict[str, Any]]) -> Result:
                if len(before.batches) == 3:
                    retried.set()
                return reporting(records)

            before, after = Consumer(answer), Consumer()
            async with rig.sources(before, mapping(partial_batch=True)):
                await retried.wait()
            async with rig.sources(after) as sources:
                await sources.drain()
            assert after.texts() == ["poison", "c"]

    asyncio.run(scenario())


_VICTIM = """
import asyncio, sys
from tests.keyline_local.engine.rig import *

class Hanging(Consumer):
    async def invoke(self, name, payload):
        result = await super().invoke(name, payload)
        print(" ".join(map(text, self.batches[-1])), flush=True)
        if len(self.batches) == 3:
            await asyncio.Event().wait()
        return result

async def main():
    engine = Engine(Path("-"), Path("-"), port=int(sys.argv[1]), mcp_port=0)
    async with Rig(engine, None, Path(sys.argv[2])).sources(Hanging(), mapping(batch_size=2)):
        await asyncio.Event().wait()

asyncio.run(main())
"""


def test_a_killed_platform_delivers_again_what_was_under_way_and_nothing_before(
    root: Path, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with running(root, tmp_path) as rig:
            await rig.write("a", "b", "c", "d", "e", "f", "g")
            port = rig.engine.endpoint.rsplit(":", 1)[1]
            victim = await asyncio.create_subprocess_exec(
                sys.executable, "-c", _VICTIM, port, str(rig.state),
                cwd=root, stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            try:
                assert victim.stdout is not None
                seen = [(await victim.stdout.readline()).decode().split() for _ in range(3)]
            finally:
                victim.kill()
                await victim.wait()
            assert seen == [["a", "b"], ["c", "d"], ["e", "f"]]
            consumer = Consumer()
            async with rig.sources(consumer, mapping(batch_size=2)) as sources:
                await sources.drain()
            assert consumer.texts() == ["e", "f", "g"]

    asyncio.run(scenario())


def test_a_killed_engine_costs_no_record(root: Path, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(root, tmp_path) as rig:
            consumer = Consumer()
            async with rig.sources(consumer, mapping(batch_size=3)) as sources:
                await rig.write(*(f"a{number}" for number in range(10)))
                await rig.kill()
                await rig.write(*(f"b{number}" for number in range(10)))
                await sources.drain()
            expected = {f"{half}{number}" for half in "ab" for number in range(10)}
            assert set(consumer.texts()) == expected
            firsts = list(dict.fromkeys(consumer.by_key()["c"]))
            assert firsts == sorted(firsts)

    asyncio.run(scenario())


def test_only_what_a_filter_lets_pass_arrives_and_the_rest_is_done_with(
    root: Path, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with running(root, tmp_path) as rig:
            await rig.write("x1", "y1", "x2", "y2")
            filters = [
                {"dynamodb": {"NewImage": {"text": {"S": [{"prefix": "x"}]}}}},
                {"eventName": ["REMOVE"]},
            ]
            consumer = Consumer()
            async with rig.sources(consumer, mapping(filters=filters)) as sources:
                await sources.drain()
                (status,) = sources.status().values()
            assert consumer.texts() == ["x1", "x2"]
            assert (status.delivered, status.filtered) == (2, 2)
            # The checkpoint is behind the last record, which was filtered out.
            again = Consumer()
            async with rig.sources(again) as sources:
                await sources.drain()
            assert again.batches == []

    asyncio.run(scenario())


@pytest.mark.requirement("X-05")
@pytest.mark.parametrize(
    ("answer", "partial", "error"), [(poisoned, False, "Unhandled"), (reporting, True, None)]
)
def test_poison_ends_in_the_on_failure_queue_and_the_rest_goes_on(
    root: Path, tmp_path: Path, answer: Any, partial: bool, error: str | None
) -> None:
    async def scenario() -> None:
        async with running(root, tmp_path) as rig:
            await rig.write("a", "b", "poison", "c", "d", "e", "poison", "f")
            consumer = Consumer(answer)
            wanted = mapping(bisect=True, max_attempts=2, partial_batch=partial)
            async with rig.sources(consumer, wanted) as sources:
                await sources.drain()
                (status,) = sources.status().values()
            good = ["a", "b", "c", "d", "e", "f"]
            assert sorted(set(consumer.texts()) - {"poison"}) == good
            if not partial:  # else the batches that succeeded in part are in there too
                assert consumer.texts() == good
            assert (status.delivered, status.discarded) == (6, 2)
            alone = [batch for batch in consumer.batches if [text(r) for r in batch] == ["poison"]]
            assert len(alone) == 2 * (1 + 2)  # each poison record alone, with two retries
            for message, number in zip(consumer.messages, ("3", "7"), strict=True):
                info = message["DDBStreamBatchInfo"]
                assert message["requestContext"]["condition"] == "RetryAttemptsExhausted"
                assert message["requestContext"]["functionArn"].endswith(":function:roll-up")
                assert message["responseContext"]["functionError"] == error
                assert (info["startSequenceNumber"], info["endSequenceNumber"]) == (number, number)
                assert info["batchSize"] == 1
                assert info["streamArn"].startswith(table().arn)

    asyncio.run(scenario())


def test_a_function_that_cannot_be_run_uses_up_no_retry(root: Path, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(root, tmp_path) as rig:
            await rig.write("a")

            def throttled_at_first(records: list[dict[str, Any]]) -> Result:
                if len(consumer.batches) <= 5:
                    raise ConnectionRefusedError("throttled")
                return Result()

            consumer = Consumer(throttled_at_first)
            async with rig.sources(consumer, mapping(max_attempts=0)) as sources:
                await sources.drain()
            assert consumer.texts() == ["a"]
            assert consumer.messages == []

    asyncio.run(scenario())


def test_records_over_the_age_go_to_the_queue_without_an_invocation(
    root: Path, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with running(root, tmp_path) as rig:
            await rig.write("a", "b")
            consumer = Consumer()
            later = replace(QUICK, clock=Clock(lambda: time.time() + 3600))
            async with rig.sources(consumer, mapping(max_age=60), timing=later) as sources:
                await sources.drain()
            assert consumer.batches == []
            (message,) = consumer.messages
            assert message["requestContext"]["condition"] == "RecordAgeExceeded"
            assert message["DDBStreamBatchInfo"]["batchSize"] == 2
            assert "responseContext" not in message

    asyncio.run(scenario())


def test_a_message_the_queue_refuses_is_sent_again(root: Path, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(root, tmp_path) as rig:
            await rig.write("poison", "a")
            consumer = Consumer(poisoned)
            refusals = iter([ConnectionError("no queue"), ConnectionError("no queue")])

            async def send(queue: str, body: str) -> None:
                if error := next(refusals, None):
                    raise error
                await consumer.send(queue, body)

            wanted = mapping(bisect=True, max_attempts=0)
            async with rig.sources(consumer, wanted, send=send) as sources:
                await sources.drain()
            assert len(consumer.messages) == 1
            assert "a" in consumer.texts()

    asyncio.run(scenario())


def test_a_window_holds_records_back_until_the_batch_is_full(root: Path, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(root, tmp_path) as rig:
            await rig.write("a", "b", "c")
            full = asyncio.Event()

            def note(records: list[dict[str, Any]]) -> Result:
                full.set()
                return Result()

            consumer = Consumer(note)
            async with rig.sources(consumer, mapping(batch_size=5, window=300.0)):
                await asyncio.sleep(0.2)  # some polls
                assert consumer.batches == []
                await rig.write("d", "e")
                await full.wait()
            assert [len(batch) for batch in consumer.batches] == [5]

    asyncio.run(scenario())


def test_who_waits_for_the_streams_waits_out_no_window(root: Path, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(root, tmp_path) as rig:
            await rig.write("a", "b", "c")
            consumer = Consumer()
            async with rig.sources(consumer, mapping(batch_size=5, window=300.0)) as sources:
                await sources.drain()
                assert consumer.texts() == ["a", "b", "c"]

    asyncio.run(scenario())


def test_a_table_made_anew_is_read_from_its_start(root: Path, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(root, tmp_path) as rig:
            await rig.write("old1", "old2", "old3")
            consumer = Consumer()
            async with rig.sources(consumer) as sources:
                await sources.drain()
            await rig.write("old4")  # not read before the table goes
            await asyncio.sleep(1.1)  # the engine's times are whole seconds
            await rig.api.call("DeleteTable", {"TableName": TABLE})
            await rig.make(table())
            await rig.write("new1", "new2", pk="d")
            fresh = Consumer()
            async with rig.sources(fresh) as sources:
                await sources.drain()
            assert fresh.texts() == ["new1", "new2"]
            ids = [record["eventID"] for record in consumer.succeeded + fresh.succeeded]
            assert len(set(ids)) == 5

    asyncio.run(scenario())


def test_a_disabled_mapping_reads_nothing(root: Path, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(root, tmp_path) as rig:
            await rig.write("a")
            consumer = Consumer()
            async with rig.sources(consumer, mapping(enabled=False)) as sources:
                await sources.drain()
                assert sources.status() == {}
            assert consumer.batches == []

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("settings", "path", "says"),
    [
        ({"table": "Elsewhere"}, "RollUpMapping", "the table Elsewhere"),
        ({"function": "elsewhere"}, "RollUpMapping", "the function elsewhere"),
        (
            {"filters": [{"eventName": [{"wildcard": "I*"}]}]},
            "RollUpMapping.filters[0].eventName[0]",
            "'wildcard'",
        ),
    ],
)
def test_a_mapping_that_cannot_work_is_refused_at_once(
    root: Path, tmp_path: Path, settings: dict[str, Any], path: str, says: str
) -> None:
    async def scenario() -> None:
        async with running(root, tmp_path, make=False) as rig:
            with pytest.raises(LocalPlatformError) as caught:
                rig.sources(Consumer(), mapping(**settings))
            assert caught.value.path == path
            assert says in caught.value.message

    asyncio.run(scenario())
