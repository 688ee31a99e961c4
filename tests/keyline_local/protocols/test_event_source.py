"""A stream mapping under failing calls and kills: no record is lost, and each key is in order."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from keyline_local.dynamodb.dynamodb_api import DynamoApi
from keyline_local.host.clock import Clock
from keyline_local.triggers.event_source import EventSources, Poller
from keyline_local.triggers.stream_record import Stream
from keyline_local.triggers.stream_retry import AGE_EXCEEDED, RETRIES_EXHAUSTED, Record
from tests.keyline_local.engine.rig import (
    FAILED,
    QUICK,
    REGION,
    Result,
    function,
    mapping,
    table,
    text,
)
from tests.support.faults import FAILURE, REFUSAL, Fault
from tests.support.protocols.driver import assert_found, drive
from tests.support.protocols.plan import Plan

pytestmark = pytest.mark.soak

STEPS = 10
KINDS = (
    *(Fault.UNSENT, Fault.LOST, Fault.THROTTLED, Fault.FAILED, Fault.DAMAGED),
    *(Fault.WAITS, Fault.KILLED, Fault.KILLED_AFTER),
)
"""A late call of a poller reads only, so it is as a lost one."""
KEYS = ("c", "d", "e")
MAX_ATTEMPTS, MAX_AGE = 2, 3600
FAST = 2 * MAX_AGE
"""Seconds that a clock is ahead at times: all records are then too old."""


class FaultyTransport(httpx.AsyncBaseTransport):
    """The way from the pollers to the engine, on which the plan's faults happen."""

    def __init__(self, mapped: Mapped) -> None:
        self._mapped = mapped
        self._way = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry out a request as the plan says."""
        what = request.headers["X-Amz-Target"].rpartition(".")[2]
        fault = self._mapped.plan.fault("poller", what, but=(Fault.WAITS,))
        match fault:
            case Fault.UNSENT:
                raise httpx.ConnectError("refused")
            case Fault.THROTTLED:
                return httpx.Response(400, content=REFUSAL)
            case Fault.FAILED:
                return httpx.Response(500, content=FAILURE)
            case Fault.KILLED:
                await self._mapped.end()
        response = await self._way.handle_async_request(request)
        content = await response.aread()
        match fault:
            case Fault.LOST:
                raise httpx.ReadTimeout("no answer")
            case Fault.KILLED_AFTER:
                await self._mapped.end()
            case Fault.DAMAGED:
                content = content[:-1]
        return httpx.Response(response.status_code, content=content)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._way.aclose()


class Mapped:
    """A table that is written to, and its mapping, which begins again from its checkpoint.

    Records of which the text begins with `poison` always fail.
    """

    def __init__(self, plan: Plan, endpoint: str, folder: Path) -> None:
        self.plan, self.endpoint = plan, endpoint
        self.folder = folder / uuid.uuid4().hex
        self.table = table(f"Mapped-{uuid.uuid4()}")
        self.mapping = mapping(
            table=self.table.name,
            batch_size=plan.draw.choice((1, 3, 8)),
            bisect=plan.draw.random() < 0.7,
            partial_batch=plan.draw.random() < 0.5,
            max_attempts=MAX_ATTEMPTS,
            max_age=MAX_AGE,
        )
        self.written: list[tuple[str, str]] = []
        self.done: list[int] = []
        self.failures: Counter[int] = Counter()
        self.repeats = False
        self.fast = False
        self._runner = asyncio.Runner()
        self._runner.run(self._make())

    def step(self) -> None:
        """Let records be written, and the platform run until it is killed or has drained."""
        self._runner.run(self._run())

    def finish(self) -> None:
        """Let the platform drain, and account for every record."""
        self.plan.heal()
        self._runner.run(self._run())
        lost = [number for number in range(len(self.written)) if number not in self.done]
        assert not lost, f"{self._named(lost)} are neither delivered nor given up"
        by_key: dict[str, list[int]] = defaultdict(list)
        for number in dict.fromkeys(self.done):
            by_key[self.written[number][0]].append(number)
        for numbers in by_key.values():
            assert numbers == sorted(numbers), f"{self._named(numbers)} are out of order"
        twice = [number for number, count in Counter(self.done).items() if count > 1]
        assert self.repeats or not twice, f"{self._named(twice)} are done with twice"

    def close(self) -> None:
        """Delete the table."""
        self._runner.run(self.api.call("DeleteTable", {"TableName": self.table.name}))
        self._runner.run(self.api.close())
        self._runner.close()

    async def invoke(self, name: str, payload: bytes) -> Result:
        """Run the function, which may fail, in whole or in part, or not be run at all."""
        records = json.loads(payload)["Records"]
        numbers = [self._number(record["dynamodb"]["SequenceNumber"]) for record in records]
        self.plan.note("function", f"gets {numbers}")
        fault = self.plan.fault("function", "invocation")
        match fault:
            case Fault.UNSENT | Fault.THROTTLED:
                raise ConnectionRefusedError("throttled")
            case Fault.WAITS:
                await self._write(2)
            case Fault.KILLED:
                await self.end()
        first = self._first_failing(records, transient=fault in (Fault.LOST, Fault.FAILED))
        partial = self.mapping.partial_batch
        done = len(records) if first is None else first if partial else 0
        self.failures.update(numbers[done:])
        self.done += numbers[:done]
        if fault is Fault.KILLED_AFTER:
            await self.end()
        if first is None:
            return Result()
        if not partial:
            return FAILED
        failed = {"itemIdentifier": records[first]["dynamodb"]["SequenceNumber"]}
        return Result(json.dumps({"batchItemFailures": [failed]}).encode())

    async def send(self, queue: str, body: str) -> None:
        """Take a message about records that are given up."""
        fault = self.plan.fault("queue", "message", but=(Fault.WAITS, Fault.DAMAGED))
        match fault:
            case Fault.KILLED:
                await self.end()
            case Fault.UNSENT | Fault.THROTTLED | Fault.FAILED:
                self.repeats = True
                raise ConnectionError("no queue")
        message = json.loads(body)
        info, why = message["DDBStreamBatchInfo"], message["requestContext"]["condition"]
        start, end = (self._number(info[f"{each}SequenceNumber"]) for each in ("start", "end"))
        numbers = list(range(start, end + 1))
        assert len(numbers) == info["batchSize"], f"{info} is about other records"
        self.plan.note("queue", f"gets {numbers}: {why}")
        self._check_given_up(numbers, why)
        self.done += numbers
        if fault is Fault.LOST:
            self.repeats = True
            raise ConnectionError("no answer")
        if fault is Fault.KILLED_AFTER:
            await self.end()

    async def end(self) -> None:
        """Let the platform end at this moment."""
        self.repeats = True
        self._killed.set()
        await asyncio.Future()

    async def _make(self) -> None:
        self.api = DynamoApi(self.endpoint, REGION)
        await self.api.call("CreateTable", self.table.create)

    async def _run(self) -> None:
        draw = self.plan.draw
        await self._write(draw.randint(0, 8))
        ahead = draw.choice((0, 0, 0, -5, 5, FAST)) if self.plan.trace else 0
        self.fast = ahead == FAST
        self._killed = asyncio.Event()
        self.plan.note("platform", f"starts, {ahead} s ahead")
        sources = self._sources(ahead)
        work = asyncio.ensure_future(self._drained(sources))
        killed = asyncio.ensure_future(self._killed.wait())
        await asyncio.wait({work, killed}, return_when=asyncio.FIRST_COMPLETED)
        for task in (work, killed):
            task.cancel()
        results = await asyncio.gather(work, killed, return_exceptions=True)
        await sources.stop()
        self.plan.note("platform", "  killed" if self._killed.is_set() else "  drained")
        for result in results:
            if isinstance(result, AssertionError):
                raise result

    async def _drained(self, sources: EventSources) -> None:
        while True:
            try:
                await sources.start()
                break
            except Exception as error:  # noqa: BLE001 - the starter of a platform tries again
                self.plan.note("platform", f"  {type(error).__name__}")
        await sources.drain()

    def _sources(self, ahead: float) -> EventSources:
        sources = EventSources(
            [self.mapping],
            tables=[self.table],
            functions=[function()],
            endpoint=self.endpoint,
            region=REGION,
            invoker=self,
            send=self.send,
            state=self.folder,
            timing=replace(QUICK, clock=Clock(lambda: time.time() + ahead)),
        )
        sources._api._http = httpx.AsyncClient(transport=FaultyTransport(self))
        return sources

    async def _write(self, count: int) -> None:
        for _ in range(count):
            key = self.plan.draw.choice(KEYS)
            kind = "poison" if self.plan.draw.random() < 0.1 else "good"
            item = {"pk": {"S": key}, "sk": {"N": str(len(self.written))}, "text": {"S": kind}}
            self.written.append((key, kind))
            await self.api.call("PutItem", {"TableName": self.table.name, "Item": item})

    def _number(self, sequence: str) -> int:
        """Return the place of a record among those written: the engine numbers them from 1."""
        return int(sequence) - 1

    def _named(self, numbers: Sequence[int]) -> str:
        return ", ".join(f"{number} of {self.written[number][0]}" for number in numbers)

    def _first_failing(self, records: Sequence[Record], *, transient: bool) -> int | None:
        if transient:
            return self.plan.draw.randrange(len(records))
        poisoned = [place for place, record in enumerate(records) if text(record) == "poison"]
        return poisoned[0] if poisoned else None

    def _check_given_up(self, numbers: Sequence[int], why: str) -> None:
        if why == AGE_EXCEEDED:
            assert self.fast, f"{self._named(numbers)} are given up for their age"
            return
        assert why == RETRIES_EXHAUSTED
        if self.mapping.bisect:
            assert len(numbers) == 1, f"{self._named(numbers)} are given up together"
        for number in numbers:
            failed = self.failures[number]
            assert failed > MAX_ATTEMPTS, f"{self._named([number])} is given up after {failed}"


@pytest.fixture(autouse=True)
def _certificates_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform reads them when it starts, which takes longer than a run of this driver."""
    context = httpx.create_ssl_context()
    monkeypatch.setattr("httpx._transports.default.create_ssl_context", lambda **_: context)


def test_each_record_is_delivered_or_given_up_in_order(endpoint: str, tmp_path: Path) -> None:
    drive(lambda plan: Mapped(plan, endpoint, tmp_path), runs=4, kinds=KINDS, steps=STEPS)


def test_the_driver_finds_a_checkpoint_ahead_of_its_records(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver = Poller._deliver

    async def ahead(poller: Poller, records: Sequence[Record], stream: Stream) -> None:
        poller._checkpoint(stream, str(records[-1]["dynamodb"]["SequenceNumber"]))
        await deliver(poller, records, stream)

    monkeypatch.setattr(Poller, "_deliver", ahead)
    assert_found(lambda plan: Mapped(plan, endpoint, tmp_path), kinds=KINDS, steps=STEPS)
