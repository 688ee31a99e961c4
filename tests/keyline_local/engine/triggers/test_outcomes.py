"""The outcomes of the records of a stream, as the consumers of a real engine's stream tell it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from keyline_local.host.errors import LocalPlatformError
from keyline_local.triggers.outcomes import Outcome, Outcomes
from tests.keyline_local.engine.rig import FAILED, TABLE, Consumer, Result, mapping, running, text

ONLY_KEPT = ({"dynamodb": {"NewImage": {"text": {"S": [{"anything-but": ["left out"]}]}}}},)


def poisoned(records: list[dict[str, Any]]) -> Result:
    return FAILED if any(text(record) == "poison" for record in records) else Result()


def numbers(records: Sequence[Mapping[str, Any]]) -> list[int]:
    return [int(record["dynamodb"]["SequenceNumber"]) for record in records]


def test_each_record_tells_what_its_consumer_did_with_it(root: Path, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(root, tmp_path) as rig:
            await rig.write("good", "left out", "poison", "good")
            consumer = Consumer(poisoned)
            wanted = mapping(bisect=True, max_attempts=1, filters=ONLY_KEPT)
            async with rig.sources(consumer, wanted) as sources:
                await sources.drain()
                (poller,) = sources.consumers(TABLE)
                records = await sources.look(TABLE, 10)
                outcomes = [poller.outcome_of(record) for record in records]
                fates = [outcome.fate for outcome in outcomes]
                assert fates == ["delivered", "filtered", "discarded", "delivered"]
                assert outcomes[0].request_id == Result().request_id
                assert "RetryAttemptsExhausted" in outcomes[2].reason
                newest, *older = poller.outcomes.failures
                assert (newest.first, newest.last) == (str(numbers(records)[2]),) * 2
                assert newest.outcome.fate == "discarded"
                assert {each.outcome.fate for each in older} == {"failed"}
            # And after a restart, what was filtered is still known, and the rest is past
            async with rig.sources(Consumer(), wanted) as sources:
                (poller,) = sources.consumers(TABLE)
                fates = [poller.outcome_of(record).fate for record in records]
                assert fates == ["done before", "filtered", "done before", "done before"]
                await rig.write("later")
                (*_, last) = await sources.look(TABLE, 10)
                assert poller.outcome_of(last).fate in ("waiting", "delivered")

    asyncio.run(scenario())


def test_a_look_takes_the_last_records_or_those_from_a_number_on(
    root: Path, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with running(root, tmp_path) as rig:
            await rig.write(*(f"m{number}" for number in range(30)))
            async with rig.sources(Consumer(), mapping()) as sources:
                await sources.drain()
                every = [*await sources.look(TABLE, 100)]
                assert [text(record) for record in every] == [f"m{n}" for n in range(30)]
                assert [*await sources.look(TABLE, 5)] == every[-5:]
                first = str(numbers(every)[10])
                assert [*await sources.look(TABLE, 5, first)] == every[10:15]
                with pytest.raises(LocalPlatformError, match="no such table"):
                    await sources.look("Nothing", 5)

    asyncio.run(scenario())


def test_only_the_last_outcomes_are_kept() -> None:
    outcomes = Outcomes(records=2, failures=1)
    records = [{"dynamodb": {"SequenceNumber": str(number)}} for number in range(3)]
    outcomes.note(records, Outcome("delivered"))
    known = [outcomes.of(record) for record in records]
    assert known == [None, Outcome("delivered"), Outcome("delivered")]
    outcomes.note_failure(records[:1], Outcome("failed", None, "first"), 1.0)
    outcomes.note_failure(records[1:], Outcome("failed", None, "second"), 2.0)
    (failure,) = outcomes.failures
    assert (failure.first, failure.last, failure.outcome.reason) == ("1", "2", "second")
