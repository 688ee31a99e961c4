from __future__ import annotations

import asyncio
import itertools
import os
import platform
import signal
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from keyline import variables
from keyline_local.dynamodb.engine import Engine, find_binary
from keyline_local.dynamodb.stream_index import index_stream_records
from keyline_local.host.clients import client
from keyline_local.host.errors import LocalPlatformError
from keyline_local.host.process import free_port

CREATE: dict[str, Any] = {
    "TableName": "Messages-local",
    "BillingMode": "PAY_PER_REQUEST",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
}


@asynccontextmanager
async def engine(root: Path, state: Path) -> AsyncIterator[Engine]:
    running = Engine(find_binary(root), state / "engine.db", port=free_port(), mcp_port=free_port())
    try:
        await running.start()
        yield running
    finally:
        await running.stop()


def dynamodb(running: Engine) -> Any:
    return client("dynamodb", running.endpoint, "us-east-1")


def test_data_survives_a_stop_and_a_start(root: Path, tmp_path: Path) -> None:
    async def first() -> None:
        async with engine(root, tmp_path) as running:
            api = dynamodb(running)
            api.create_table(**CREATE)
            api.put_item(TableName="Messages-local", Item={"id": {"S": "a"}, "n": {"N": "1"}})

    async def second() -> dict[str, Any]:
        async with engine(root, tmp_path) as running:
            found = dynamodb(running).get_item(TableName="Messages-local", Key={"id": {"S": "a"}})
            return dict(found["Item"])

    asyncio.run(first())
    assert asyncio.run(second()) == {"id": {"S": "a"}, "n": {"N": "1"}}


def test_kill_9_during_a_write_burst_loses_no_acknowledged_write(
    root: Path, tmp_path: Path
) -> None:
    threads, kills, between = 6, 3, 200

    def write(api: Any, thread: int, acknowledged: list[str], enough: threading.Event) -> None:
        for number in itertools.count():
            if enough.is_set():
                return
            key = f"{thread}-{number}"
            try:
                api.put_item(TableName="Messages-local", Item={"id": {"S": key}})
            except (BotoCoreError, ClientError):
                continue  # not acknowledged: it may be there or not
            acknowledged.append(key)

    async def kill_often(running: Engine, acknowledged: list[str]) -> None:
        for kill in range(1, kills + 1):
            while len(acknowledged) < kill * between:
                await asyncio.sleep(0.005)
            assert running.child.pid is not None
            os.kill(running.child.pid, signal.SIGKILL)
            while running.child.restarts < kill:
                await asyncio.sleep(0.005)
        while len(acknowledged) < (kills + 1) * between:
            await asyncio.sleep(0.005)

    async def burst() -> tuple[list[str], set[str], int]:
        acknowledged: list[str] = []
        enough = threading.Event()
        async with engine(root, tmp_path) as running:
            api = dynamodb(running)
            api.create_table(**CREATE)
            writers = [
                asyncio.create_task(asyncio.to_thread(write, api, thread, acknowledged, enough))
                for thread in range(threads)
            ]
            try:
                await asyncio.wait_for(kill_often(running, acknowledged), 60)
            finally:
                enough.set()
            await asyncio.gather(*writers)
            pages = api.get_paginator("scan").paginate(TableName="Messages-local")
            found = {item["id"]["S"] for page in pages for item in page["Items"]}
            return acknowledged, found, running.child.restarts

    acknowledged, found, restarts = asyncio.run(burst())
    assert restarts == kills
    assert len(acknowledged) >= (kills + 1) * between
    assert set(acknowledged) <= found


def test_the_ttl_sweep_deletes_what_expired_and_marks_it(root: Path, tmp_path: Path) -> None:
    async def sweep() -> tuple[int, int]:
        async with engine(root, tmp_path) as running:
            api = dynamodb(running)
            api.create_table(**CREATE)
            api.update_time_to_live(
                TableName="Messages-local",
                TimeToLiveSpecification={"AttributeName": "ttl", "Enabled": True},
            )
            for key, ttl in (("old", "1"), ("older", "2"), ("alive", "9999999999")):
                item = {"id": {"S": key}, "ttl": {"N": ttl}}
                api.put_item(TableName="Messages-local", Item=item)
            deleted = await running.sweep_ttl()
            return deleted, api.scan(TableName="Messages-local")["Count"]

    assert asyncio.run(sweep()) == (2, 1)


def test_a_write_and_a_look_at_a_stream_do_not_read_all_records_of_streams(
    root: Path, tmp_path: Path
) -> None:
    streaming = CREATE | {
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    }
    record, records = 20_000, 400
    """Of a record, and how many: 8 MB, more than SQLite keeps of a file."""

    def read_by(pid: int) -> int:
        return int(Path(f"/proc/{pid}/io").read_text().split()[1])

    async def measured() -> tuple[int, int]:
        async with engine(root, tmp_path) as running:
            assert running.child.pid is not None
            api, streams = (
                client(name, running.endpoint, "us-east-1")
                for name in ("dynamodb", "dynamodbstreams")
            )
            api.create_table(**streaming)
            for number in range(records):
                item = {"id": {"S": f"{number}"}, "text": {"S": "x" * record}}
                api.put_item(TableName="Messages-local", Item=item)
            arn = api.describe_table(TableName="Messages-local")["Table"]["LatestStreamArn"]
            shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]
            iterator = streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="LATEST"
            )["ShardIterator"]
            start = read_by(running.child.pid)
            api.put_item(TableName="Messages-local", Item={"id": {"S": "last"}})
            written = read_by(running.child.pid)
            found = streams.get_records(ShardIterator=iterator)["Records"]
            assert [each["dynamodb"]["Keys"]["id"]["S"] for each in found] == ["last"]
            return written - start, read_by(running.child.pid) - written

    assert max(asyncio.run(measured())) < record * records / 20


def test_an_engine_of_another_layout_runs_without_the_index(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    index_stream_records(tmp_path / "engine.db")
    assert "the records of streams get no index: no such table" in caplog.text


def test_a_taken_port_is_named(root: Path, tmp_path: Path) -> None:
    async def start() -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            running = Engine(
                find_binary(root), tmp_path / "engine.db", port=port, mcp_port=free_port()
            )
            with pytest.raises(LocalPlatformError, match=f"127.0.0.1:{port}: the port the engine"):
                await running.start()

    asyncio.run(start())


def test_an_engine_that_cannot_start_shows_its_last_words(tmp_path: Path) -> None:
    broken = tmp_path / "dynoxide"
    broken.write_text("#!/bin/sh\necho 'no such feature' >&2\nexit 1\n")
    broken.chmod(0o755)

    async def start() -> None:
        running = Engine(broken, tmp_path / "engine.db", port=free_port(), mcp_port=free_port())
        with pytest.raises(LocalPlatformError, match="code 1 before it was ready: no such feature"):
            await running.start()

    asyncio.run(start())


def test_a_platform_without_a_binary_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    with pytest.raises(LocalPlatformError) as caught:
        find_binary(tmp_path)
    assert "@dynoxide/linux-riscv64" in caught.value.path
    for remedy in ("@dynoxide/linux-riscv64", variables.DYNOXIDE, variables.DYNAMODB_ENDPOINT):
        assert remedy in caught.value.suggestion


def test_a_named_binary_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = tmp_path / "mine"
    named.write_text("")
    named.chmod(0o755)
    monkeypatch.setenv(variables.DYNOXIDE, str(named))
    assert find_binary(tmp_path) == named
