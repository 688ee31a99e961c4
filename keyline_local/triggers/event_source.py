"""Event source mappings: what DynamoDB streams hold reaches the functions, as on Lambda.

`stream_reader` reads, `stream_retry` decides, `on_failure` words the message; this drives them.

A mapping delivers at least once and, per partition key, in order. The checkpoint of a mapping moves
only past records that are delivered, filtered out or given up, so whatever kills the platform, the
records in between are delivered again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import httpx

from keyline_deploy import stream_filter
from keyline_local.dynamodb.dynamodb_api import ApiError, DynamoApi
from keyline_local.host.clock import Clock
from keyline_local.host.errors import LocalPlatformError
from keyline_local.host.part import Part
from keyline_local.host.tasks import end
from keyline_local.resources import Function, StreamMapping, Table
from keyline_local.services.metric_store import MetricStore
from keyline_local.triggers import on_failure
from keyline_local.triggers.checkpoint import Checkpoint, CheckpointFile
from keyline_local.triggers.outcomes import Outcome, Outcomes
from keyline_local.triggers.stream_reader import LOST_PLACE, MAX_RECORDS, StreamReader
from keyline_local.triggers.stream_record import Stream
from keyline_local.triggers.stream_retry import (
    AGE_EXCEEDED,
    RETRIES_EXHAUSTED,
    Backoff,
    Batch,
    Policy,
    Record,
    Step,
    Verdict,
    advance,
    arrival,
    batches,
    event,
    expire,
    judge,
    lanes,
    sequence_number,
)

Send = Callable[[str, str], Awaitable[None]]
"""Sends a message: queue URL, body."""

Unwritable = Callable[[OSError], None]
"""Is told that a file cannot be written."""

_log = logging.getLogger(__name__)


def _raise(error: OSError) -> None:
    raise error


class Result(Protocol):
    """The result of an invocation, as far as a mapping needs it."""

    @property
    def request_id(self) -> str: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def function_error(self) -> str | None: ...


class Invoker(Protocol):
    """Runs functions by name; raises if one could not be run at all."""

    def invoke(self, name: str, payload: bytes) -> Awaitable[Result]: ...


@dataclass(frozen=True)
class MappingStatus:
    """The state of a mapping; the counts are since its start.

    Attributes
    ----------
    iterator_age_ms
        Lambda's IteratorAge: how old the last record of the last batch was when it was done
        with; None before the first batch.
    checkpoint
        Sequence number of the last record that is done with.
    delivered, filtered, discarded
        Records that succeeded, were filtered out, were given up.
    invocations, failures
        Invocations, and those that failed in whole or in part.
    """

    function: str
    table: str
    iterator_age_ms: float | None = None
    checkpoint: str | None = None
    delivered: int = 0
    filtered: int = 0
    discarded: int = 0
    invocations: int = 0
    failures: int = 0


@dataclass(frozen=True)
class Timing:
    """The clocks of the pollers.

    Attributes
    ----------
    poll
        Seconds between two looks at a stream (Lambda: four a second), unless it has more records
        than one look takes.
    idle
        Seconds until a stream is looked at again in which there was nothing, unless a write is
        told of.
    backoff
        Waits between retries.
    clock
        Says how old records are.
    """

    poll: float = 0.2
    idle: float = 0.2
    backoff: Backoff = field(default_factory=Backoff)
    clock: Clock = field(default_factory=Clock)


class EventSources(Part):
    """The pollers of all enabled stream mappings.

    Stop it before what it invokes, or the invocations that are killed with it count as
    failures.

    Parameters
    ----------
    mappings
        The mappings; disabled ones are left alone.
    tables, functions
        What the mappings name.
    endpoint
        The engine.
    region
        What records show as `awsRegion`.
    invoker
        Runs the functions.
    send
        Sends to an on-failure queue.
    state
        Folder for the checkpoints, one file per mapping.
    unwritable
        Is told when a checkpoint cannot be written. The records after the last one are delivered
        again at the next start.

    Raises
    ------
    LocalPlatformError
        AWS would refuse a filter, or a mapping names what does not exist.
    """

    def __init__(
        self,
        mappings: Iterable[StreamMapping],
        *,
        tables: Iterable[Table],
        functions: Iterable[Function],
        endpoint: str,
        region: str,
        invoker: Invoker,
        send: Send,
        state: Path,
        unwritable: Unwritable = _raise,
        metrics: MetricStore | None = None,
        timing: Timing | None = None,
    ) -> None:
        self._api = DynamoApi(endpoint, region)
        table_of = {table.name: table for table in tables}
        self._readers = {
            name: StreamReader(self._api, table, region) for name, table in table_of.items()
        }
        arn_of = {function.name: function.arn for function in functions}
        self._pollers: dict[str, Poller] = {}
        self._tasks: list[asyncio.Task[None]] = []
        for mapping in mappings:
            if not mapping.enabled:
                continue
            _check(mapping, table_of, arn_of)
            self._pollers[mapping.uuid] = Poller(
                mapping,
                reader=self._readers[mapping.table],
                function_arn=arn_of[mapping.function],
                invoker=invoker,
                send=send,
                checkpoints=CheckpointFile(state / f"{mapping.uuid}.json"),
                unwritable=unwritable,
                metrics=metrics or MetricStore(),
                timing=timing or Timing(),
            )

    async def start(self) -> None:
        """Fix every mapping's place in its stream, then begin to poll.

        What is written after this returns is seen, by LATEST mappings too.
        """
        for poller in self._pollers.values():
            await poller.locate()
        self._tasks = [
            asyncio.create_task(poller.run(), name=f"event source {uuid}")
            for uuid, poller in self._pollers.items()
        ]

    async def stop(self) -> None:
        """Stop polling; a batch that is under way will be delivered again."""
        await end(self._tasks)
        self._tasks = []
        await self._api.close()

    async def drain(self, timeout: float = 30.0) -> None:
        """Wait until the mappings are done with all that is in the streams now.

        Batching windows end at once meanwhile: a caller who waits has written all records.

        Raises
        ------
        TimeoutError
            Not all records are done after `timeout` seconds: a batch is still being retried, say.
        """
        async with asyncio.timeout(timeout), asyncio.TaskGroup() as waits:
            for poller in self._pollers.values():
                waits.create_task(poller.caught_up())

    def written(self, table: str) -> None:
        """Look at the stream of a table soon."""
        for poller in self.consumers(table):
            poller.written()

    async def records(self, function: str, first: str, last: str) -> Sequence[Record] | None:
        """Return a stretch of the stream that a function consumes, as it would be handed.

        None if the stream no longer has it.

        Raises
        ------
        LocalPlatformError
            The function consumes no stream.
        """
        for poller in self._pollers.values():
            if poller.status.function == function:
                return await poller.records(first, last)
        raise LocalPlatformError(function, "the function consumes no stream.", "Name a consumer.")

    async def look(self, table: str, count: int, first: str | None = None) -> Sequence[Record]:
        """Return records of a table's stream, in order.

        Parameters
        ----------
        first
            The sequence number to begin at; the last records without it.

        Raises
        ------
        LocalPlatformError
            The table has no stream.
        """
        if table not in self._readers:
            raise LocalPlatformError(table, "there is no such table.", "Name another.")
        after = int(first) - 1 if first else self._near_the_end(table) - count
        return await self._readers[table].some(after, count, newest=first is None)

    def consumers(self, table: str) -> Sequence[Poller]:
        """Return what consumes the stream of a table."""
        return [each for each in self._pollers.values() if each.status.table == table]

    def _near_the_end(self, table: str) -> int:
        return max((int(each.status.checkpoint or 0) for each in self.consumers(table)), default=0)

    def status(self) -> Mapping[str, MappingStatus]:
        """Return how each mapping fares, by its UUID."""
        return {uuid: poller.status for uuid, poller in self._pollers.items()}


def _check(
    mapping: StreamMapping, tables: Mapping[str, Table], functions: Mapping[str, str]
) -> None:
    for kind, name, known in (
        ("table", mapping.table, tables),
        ("function", mapping.function, functions),
    ):
        if name not in known:
            raise LocalPlatformError(
                mapping.logical_id,
                f"the mapping names the {kind} {name}, which is not in the deployment",
                f"it has {', '.join(sorted(known)) or 'none'}",
            )
    for path, message, suggestion in stream_filter.faults(mapping.filters):
        raise LocalPlatformError(f"{mapping.logical_id}.{path}", message, suggestion)


class Poller:
    """Reads one stream for one mapping and delivers what passes its filters."""

    def __init__(
        self,
        mapping: StreamMapping,
        *,
        reader: StreamReader,
        function_arn: str,
        invoker: Invoker,
        send: Send,
        checkpoints: CheckpointFile,
        unwritable: Unwritable = _raise,
        metrics: MetricStore,
        timing: Timing,
    ) -> None:
        self.status = MappingStatus(mapping.function, mapping.table)
        self.outcomes = Outcomes()
        self._mapping = mapping
        self._policy = Policy(
            mapping.max_attempts, mapping.max_age, mapping.bisect, mapping.partial_batch
        )
        self._reader = reader
        self._function_arn = function_arn
        self._invoker = invoker
        self._send = send
        self._checkpoints = checkpoints
        self._unwritable = unwritable
        self._metrics = metrics
        self._timing = timing
        self._place: tuple[Stream, str] | None = None
        self._lost = False
        self._asked = 0
        self._answered = 0
        self._looked = 0.0
        self._due = 0.0
        self._urged = False
        self._written = False
        self._roused = asyncio.Event()
        self._answers = asyncio.Condition()

    async def locate(self) -> None:
        """Find the stream and the place in it: after the checkpoint, or the starting position.

        A first LATEST is kept at once: a restart before the first batch must not skip what
        was written since. A place that the stream no longer knows is replaced by its start.
        """
        stream = await self._reader.find()
        checkpoint = None if self._lost else self._checkpoints.read()
        start = "TRIM_HORIZON" if self._lost else self._mapping.starting_position
        iterator = await self._reader.iterator(stream, checkpoint, start)
        if checkpoint is None or checkpoint.stream_arn != stream.arn:
            checkpoint = Checkpoint(stream.arn, iterator=iterator)
            self._checkpoints.write(checkpoint)
        self.status = replace(self.status, checkpoint=checkpoint.sequence_number)
        self._place, self._lost = (stream, iterator), False

    async def records(self, first: str, last: str) -> Sequence[Record] | None:
        """Return a stretch of the stream; None if the stream no longer has it."""
        return await self._reader.between(first, last)

    def outcome_of(self, record: Record) -> Outcome:
        """Return what became of a record of the stream."""
        if known := self.outcomes.of(record):
            return known
        if int(sequence_number(record)) > int(self.status.checkpoint or 0):
            return Outcome("waiting")
        passes = stream_filter.passes(self._mapping.filters, record)
        return Outcome("done before" if passes else "filtered")

    async def run(self) -> None:
        """Deliver for good; whatever fails on the way is logged and tried again."""
        failures = 0
        while True:
            try:
                await self._round()
                failures = 0
            except Exception as error:  # noqa: BLE001 - a poller outlives any fault
                failures += 1
                known = isinstance(error, ApiError | httpx.TransportError)
                _log.warning(
                    "%s: polling failed, trying again: %r",
                    self._mapping.logical_id, error, exc_info=None if known else error,
                )  # fmt: skip
                self._place, self._due = None, 0.0  # what was told of is looked for again at once
                self._lost |= isinstance(error, ApiError) and error.code in LOST_PLACE
                await asyncio.sleep(self._timing.backoff.delay(failures))

    def written(self) -> None:
        """Look at the stream as soon as `Timing.poll` allows."""
        self._written = True
        self._roused.set()

    async def caught_up(self) -> None:
        """Wait until a look at the stream, begun after this call, finds nothing to do."""
        self._asked += 1
        mine = self._asked
        self._urged = True
        self._roused.set()
        async with self._answers:
            await self._answers.wait_for(lambda: self._answered >= mine)

    async def _round(self) -> None:
        if self._place is None:
            await self.locate()
            return
        stream, iterator = self._place
        records, last, iterator = await self._gather(stream, iterator)
        if records:
            await self._deliver(records, stream)
        self._checkpoint(stream, last)
        self._place = stream, iterator

    async def _gather(self, stream: Stream, iterator: str) -> tuple[list[Record], str, str]:
        """Collect records that pass until a batch is full or its window is over.

        "If you're using batching windows, Lambda applies your filter criteria to each new
        event to determine whether to add it to the current batch" (invocation-eventfiltering).

        Returns
        -------
        tuple
            The records (none if all that was read is filtered out), the last sequence number
            read, the iterator after it.
        """
        capacity = self._mapping.batch_size * self._mapping.parallelization
        clock = asyncio.get_running_loop().time
        found: list[Record] = []
        last = ""
        deadline = 0.0
        while True:
            await self._until_due()
            asked, limit = self._asked, min(capacity - len(found), MAX_RECORDS)
            page = await self._reader.read(stream, iterator, limit)
            iterator = page.iterator
            self._looked = clock()
            pause = self._timing.poll if page.last or found else self._timing.idle
            self._due = 0.0 if len(page.records) >= limit else self._looked + pause
            if page.last:
                last = page.last
                passing = self._filter(page.records)
                if passing and not found:
                    deadline = clock() + self._mapping.window
                found += passing
            urged = not page.last and self._asked > self._answered
            if last and (not found or len(found) >= capacity or urged or clock() >= deadline):
                return found, last, iterator
            if not page.last and not found:
                await self._answer(asked)

    async def _until_due(self) -> None:
        """Wait until the next look is due, or until somebody waits for it."""
        clock = asyncio.get_running_loop().time
        while not self._urged:
            soon = self._looked + self._timing.poll
            due = min(self._due, soon) if self._written else self._due
            if due <= clock():
                break
            self._roused.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await self._roused.wait()
        self._urged = self._written = False

    def _filter(self, records: Sequence[Record]) -> list[Record]:
        passing: list[Record] = []
        filtered: list[Record] = []
        for record in records:
            passes = stream_filter.passes(self._mapping.filters, record)
            (passing if passes else filtered).append(record)
        self.outcomes.note(filtered, Outcome("filtered"))
        self._count(filtered=len(filtered))
        return passing

    async def _answer(self, asked: int) -> None:
        async with self._answers:
            self._answered = asked
            self._answers.notify_all()

    async def _deliver(self, records: Sequence[Record], stream: Stream) -> None:
        spread = lanes(
            records,
            self._mapping.parallelization,
            lambda record: str(record["dynamodb"]["Keys"][stream.partition_key]),
        )
        async with asyncio.TaskGroup() as group:
            for lane in spread:
                group.create_task(self._deliver_lane(lane, stream, alone=len(spread) == 1))

    async def _deliver_lane(self, lane: Sequence[Record], stream: Stream, *, alone: bool) -> None:
        """Deliver a lane's batches one after another, each until it is done with."""
        todo = deque(batches(lane, self._mapping.batch_size))
        failures = 0
        while todo:
            live = await self._drop_expired(todo.popleft(), stream)
            if live is None:
                continue
            step = await self._attempt(live, stream)
            todo.extendleft(reversed(step.retry))
            open_records = sum(len(batch.records) for batch in step.retry)
            done = live.records[: len(live.records) - open_records]
            if done and alone:  # with other lanes, what lies before may still be open
                self._checkpoint(stream, sequence_number(done[-1]))
            if step.retry:
                failures += 1
                await asyncio.sleep(self._timing.backoff.delay(failures))
            else:
                failures = 0

    async def _drop_expired(self, batch: Batch, stream: Stream) -> Batch | None:
        expired, rest = expire(batch, self._policy.max_age, self._timing.clock.age)
        if expired:
            await self._discard(expired, AGE_EXCEEDED, Verdict(0), stream)
        return rest

    async def _attempt(self, batch: Batch, stream: Stream) -> Step:
        """Invoke the function and return what follows; what is given up is sent on here."""
        request_id = None
        self._measure("IteratorAge", self._age_ms(batch))
        try:
            result = await self._invoker.invoke(self._mapping.function, event(batch))
            request_id = result.request_id
        except Exception as error:  # noqa: BLE001 - whatever kept it from running
            # Nothing ran, so no retry is used up: only the records' age ends this.
            _log.exception("%s: %s could not be invoked", *self._names())
            self._note_failure(batch.records, Outcome("failed", None, f"not invoked: {error}"))
            return Step(retry=(batch,))
        verdict = judge(result.payload, result.function_error, batch, partial=self._policy.partial)
        step = advance(batch, verdict, self._policy)
        self._account(batch, verdict, step, request_id)
        if step.discarded:
            await self._discard(step.discarded, RETRIES_EXHAUSTED, verdict, stream, request_id)
        return step

    async def _discard(
        self,
        batch: Batch,
        condition: str,
        verdict: Verdict,
        stream: Stream,
        request_id: str | None = None,
    ) -> None:
        first, last = sequence_number(batch.records[0]), sequence_number(batch.records[-1])
        _log.error(
            "%s: %s: gave up records %s to %s: %s %s",
            *self._names(), first, last, condition, verdict.reason,
        )  # fmt: skip
        if self._mapping.on_failure:
            body = on_failure.document(
                batch,
                condition=condition,
                function_arn=self._function_arn,
                function_error=verdict.error,
                shard_id=stream.shard_id,
                stream_arn=stream.shown_arn,
                now=self._timing.clock.now(),
                request_id=request_id,
            )
            try:
                await self._send(self._mapping.on_failure, body)
            except Exception:
                self._measure("DestinationDeliveryFailures", 1)
                raise
        reason = f"{condition}: {verdict.reason}" if verdict.reason else condition
        self._note_failure(batch.records, Outcome("discarded", request_id, reason))
        self._count(discarded=len(batch.records))

    def _account(self, batch: Batch, verdict: Verdict, step: Step, request_id: str | None) -> None:
        failed = verdict.failed_from is not None
        if failed:
            _log.warning(
                "%s: %s failed on %d records from %s: %s",
                *self._names(), len(batch.records), sequence_number(batch.records[0]),
                verdict.reason,
            )  # fmt: skip
        delivered = len(batch.records) if verdict.failed_from is None else verdict.failed_from
        self.outcomes.note(batch.records[:delivered], Outcome("delivered", request_id))
        if failed:
            outcome = Outcome("failed", request_id, verdict.reason)
            self._note_failure(batch.records[delivered:], outcome)
        self._count(invocations=1, failures=int(failed), delivered=delivered)
        if not step.retry:
            self.status = replace(self.status, iterator_age_ms=self._age_ms(batch))

    def _note_failure(self, records: Sequence[Record], outcome: Outcome) -> None:
        self.outcomes.note_failure(records, outcome, self._timing.clock.now())

    def _age_ms(self, batch: Batch) -> float:
        return self._timing.clock.age(arrival(batch.records[-1])) * 1000

    def _measure(self, name: str, value: float) -> None:
        self._metrics.add("AWS/Lambda", name, value, FunctionName=self._mapping.function)

    def _checkpoint(self, stream: Stream, sequence: str) -> None:
        if sequence != self.status.checkpoint:
            try:
                self._checkpoints.write(Checkpoint(stream.arn, sequence))
            except OSError as error:
                self._unwritable(error)
                return
            self.status = replace(self.status, checkpoint=sequence)

    def _count(self, **amounts: int) -> None:
        totals = {name: getattr(self.status, name) + amount for name, amount in amounts.items()}
        self.status = replace(self.status, **totals)

    def _names(self) -> tuple[str, str]:
        return self._mapping.logical_id, self._mapping.function
