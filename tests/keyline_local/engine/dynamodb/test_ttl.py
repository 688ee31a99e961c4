"""Deletion by TTL on demand: what goes, what is counted, and its mark in the stream."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from keyline_local.dynamodb.ttl import sweep
from keyline_local.host.errors import LocalPlatformError
from tests.keyline_local.engine.rig import TABLE, Consumer, Rig, mapping, running, table

OTHER = table("RigSessions")


async def put(rig: Rig, name: str, number: int, expires: dict[str, str]) -> None:
    item = {"pk": {"S": "c"}, "sk": {"N": str(number)}, "expires": expires}
    await rig.api.call("PutItem", {"TableName": name, "Item": item})


async def fill(rig: Rig) -> None:
    """Put two expired items and two that stay into one table, one expired into another."""
    await rig.make(OTHER)
    now = int(time.time())
    await put(rig, TABLE, 1, {"N": str(now - 1000)})
    await put(rig, TABLE, 2, {"N": str(now - 10)})
    await put(rig, TABLE, 3, {"N": str(now + 1000)})
    await put(rig, TABLE, 4, {"S": str(now - 1000)})  # no number, so no expiry
    await put(rig, OTHER.name, 1, {"N": str(now - 1000)})


async def remaining(rig: Rig, name: str) -> set[str]:
    answer = await rig.api.call("Scan", {"TableName": name})
    return {item["sk"]["N"] for item in answer["Items"]}


@pytest.mark.requirement("X-10")
def test_a_sweep_deletes_what_expired_and_counts_it_by_table(root: Path, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(root, tmp_path) as rig:
            await fill(rig)
            done = await sweep([table(), OTHER], api=rig.api, delete=rig.engine.sweep_ttl)
            assert done.counts == {TABLE: 2, OTHER.name: 1}
            assert (done.deleted, done.dry_run) == (3, False)
            assert await remaining(rig, TABLE) == {"3", "4"}
            assert await remaining(rig, OTHER.name) == set()
            again = await sweep([table(), OTHER], api=rig.api, delete=rig.engine.sweep_ttl)
            assert (again.counts, again.deleted) == ({TABLE: 0, OTHER.name: 0}, 0)

    asyncio.run(scenario())


def test_a_dry_run_counts_the_same_and_deletes_nothing(root: Path, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(root, tmp_path) as rig:
            await fill(rig)
            plan = await sweep(
                [table(), OTHER], api=rig.api, delete=rig.engine.sweep_ttl, dry_run=True
            )
            assert plan.counts == {TABLE: 2, OTHER.name: 1}
            assert (plan.deleted, plan.dry_run) == (0, True)
            assert await remaining(rig, TABLE) == {"1", "2", "3", "4"}

    asyncio.run(scenario())


@pytest.mark.requirement("X-05")
def test_a_deletion_by_ttl_can_be_told_from_one_by_a_user(root: Path, tmp_path: Path) -> None:
    ttl_only = {
        "eventName": ["REMOVE"],
        "userIdentity": {"type": ["Service"], "principalId": ["dynamodb.amazonaws.com"]},
    }

    async def scenario() -> None:
        async with running(root, tmp_path) as rig:
            await fill(rig)
            key = {"pk": {"S": "c"}, "sk": {"N": "3"}}
            await rig.api.call("DeleteItem", {"TableName": TABLE, "Key": key})
            await sweep([table()], api=rig.api, delete=rig.engine.sweep_ttl)
            consumer = Consumer()
            async with rig.sources(consumer, mapping(filters=[ttl_only])) as sources:
                await sources.drain()
            assert sorted(consumer.by_key()["c"]) == [1, 2]
            for record in consumer.succeeded:
                assert record["userIdentity"] == {
                    "type": "Service",
                    "principalId": "dynamodb.amazonaws.com",
                }
                assert "OldImage" in record["dynamodb"]

    asyncio.run(scenario())


def test_an_engine_that_refuses_is_not_a_sweep_of_nothing(root: Path, tmp_path: Path) -> None:
    async def refuse() -> int:
        raise LocalPlatformError("mcp", "the TTL sweep failed", "read the log")

    async def scenario() -> None:
        async with running(root, tmp_path) as rig:
            with pytest.raises(LocalPlatformError, match="TTL sweep failed"):
                await sweep([table()], api=rig.api, delete=refuse)

    asyncio.run(scenario())
