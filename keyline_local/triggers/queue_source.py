"""Event source mappings of queues, and topics and buckets that deliver to functions.

A queue's message is deleted when the function has processed it. What is not deleted is received
again after the queue's visibility timeout, and goes to its dead-letter queue as the queue says:
that is the queue's own work. Source: "Using Lambda with Amazon SQS" (Lambda developer guide).

A topic or a bucket delivers to a function through a queue of the platform's own. The function is
invoked as Lambda does it asynchronously: after an error twice more, and then the message is given
up.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import Any, Protocol

from keyline_local.events import object_event
from keyline_local.events.bus_names import DEFAULT
from keyline_local.host.part import Part
from keyline_local.host.tasks import end
from keyline_local.resources import Holds, QueueMapping, Target, TargetKind
from keyline_local.triggers.event_source import Invoker, Result
from keyline_local.triggers.stream_retry import Backoff
from keyline_local.triggers.targets import Targets

Message = Mapping[str, Any]
"""A message as ReceiveMessage returns it."""

_AT_ONCE = 10  # messages of one ReceiveMessage at most
_WAIT = 1  # seconds that a look at an empty queue takes
_CONCURRENT = 5  # batches under way; Lambda begins with as many

_log = logging.getLogger(__name__)


class QueueSources(Part):
    """The pollers of all enabled queue mappings.

    Parameters
    ----------
    sqs
        Makes boto3's client of the queues. The function is called in a thread.
    region
        What records show as `awsRegion`.
    invoker
        Runs the functions with the messages of queues.
    targets
        Delivers what topics and buckets tell.
    account
        The account that owns the buckets.
    """

    def __init__(
        self,
        mappings: Iterable[QueueMapping],
        *,
        sqs: Callable[[], Any],
        region: str,
        invoker: Invoker,
        targets: Targets,
        account: str = "",
        backoff: Backoff | None = None,
    ) -> None:
        self._targets = targets
        self._account = account
        self._mappings = [mapping for mapping in mappings if mapping.enabled]
        self._sqs = sqs
        self._region = region
        self._invoker = invoker
        self._backoff = backoff or Backoff(base=1.0)
        self._tasks: list[asyncio.Task[None]] = []
        self._threads: Executor | None = None

    async def start(self) -> None:
        """Begin to poll."""
        if not self._mappings:
            return
        client = await asyncio.to_thread(self._sqs)
        # A look at an empty queue takes a thread for a second: enough of them would keep all
        # threads of the loop from those who send.
        self._threads = ThreadPoolExecutor(len(self._mappings), "queue sources")
        for mapping in self._mappings:
            delivery = self._delivery(mapping)
            poller = _Poller(mapping, client, delivery, self._backoff, self._threads)
            self._tasks.append(
                asyncio.create_task(poller.run(), name=f"queue source {mapping.logical_id}")
            )

    def _delivery(self, mapping: QueueMapping) -> _Delivery:
        if mapping.holds is Holds.MESSAGES:
            return _OfQueue(mapping, self._region, self._invoker)
        return _OfOthers(mapping, self._account, self._targets)

    async def stop(self) -> None:
        """Stop polling; messages that are under way will be received again."""
        await end(self._tasks)
        self._tasks = []
        if self._threads:
            self._threads.shutdown(wait=False, cancel_futures=True)


class _Delivery(Protocol):
    """Hands a batch of messages on."""

    async def deliver(self, batch: Sequence[Message]) -> Sequence[Message]:
        """Hand a batch on, and return the messages that are done with."""
        ...


class _OfQueue:
    """The messages of a queue, for its function."""

    def __init__(self, mapping: QueueMapping, region: str, invoker: Invoker) -> None:
        self._mapping = mapping
        self._region = region
        self._invoker = invoker

    async def deliver(self, batch: Sequence[Message]) -> Sequence[Message]:
        """Invoke the function once."""
        records = [record(m, self._mapping.queue.arn, self._region) for m in batch]
        result = await self._invoker.invoke(self._mapping.function, _event(records).encode())
        failed = failed_ids(result, batch, partial=self._mapping.partial_batch)
        if failed:
            _log.warning("%s: %s failed on %d messages", *_names(self._mapping), len(failed))
        return [message for message in batch if message["MessageId"] not in failed]


class _OfOthers:
    """The messages of a topic or a bucket, for a function or the event bus."""

    def __init__(self, mapping: QueueMapping, account: str, targets: Targets) -> None:
        self._mapping = mapping
        self._account = account
        self._targets = targets
        self._target = Target(kind=TargetKind.FUNCTION, address=mapping.function)
        if mapping.holds is Holds.EVENTS_FOR_THE_BUS:
            self._target = Target(kind=TargetKind.BUS, address=DEFAULT)

    async def deliver(self, batch: Sequence[Message]) -> Sequence[Message]:
        """Deliver each message until that succeeds or is given up."""
        for message in batch:
            for event in self._events(message):
                await self._targets.until_done(self._mapping.logical_id, self._target, event)
        return batch

    def _events(self, message: Message) -> Iterator[str]:
        if self._mapping.holds is Holds.NOTIFICATIONS:
            yield _event([notification(message, self._mapping.queue.arn)])
            return
        records = object_event.records(json.loads(message["Body"]), self._account)
        if self._mapping.holds is Holds.OBJECT_EVENTS and records:
            yield _event(records)
        if self._mapping.holds is Holds.EVENTS_FOR_THE_BUS:
            found = (object_event.bus_event(each, self._account) for each in records)
            yield from (json.dumps(event) for event in found if event is not None)


class _Poller:
    def __init__(
        self,
        mapping: QueueMapping,
        client: Any,
        delivery: _Delivery,
        backoff: Backoff,
        threads: Executor,
    ) -> None:
        self._threads = threads
        self._mapping = mapping
        self._client = client
        self._delivery = delivery
        self._backoff = backoff

    async def run(self) -> None:
        """Deliver for good; whatever fails on the way is logged and tried again."""
        slots = asyncio.Semaphore(1 if self._mapping.queue.is_fifo else _CONCURRENT)
        failures = 0
        async with asyncio.TaskGroup() as group:
            while True:
                await slots.acquire()
                try:
                    batch = await self._gather()
                    failures = 0
                except Exception as error:  # noqa: BLE001 - a poller outlives any fault
                    slots.release()
                    failures += 1
                    _log.warning("%s: polling failed: %r", self._mapping.logical_id, error)
                    await asyncio.sleep(self._backoff.delay(failures))
                    continue
                task = group.create_task(self._process(batch))
                task.add_done_callback(lambda _: slots.release())

    async def _gather(self) -> list[Message]:
        """Receive a batch: until it is full, or the window after its first message is over."""
        batch: list[Message] = []
        due = 0.0
        while not batch or (len(batch) < self._mapping.batch_size and time.monotonic() < due):
            wanted = min(_AT_ONCE, self._mapping.batch_size - len(batch))
            received = await self._receive(wanted)
            if received and not batch:
                due = time.monotonic() + self._mapping.window
            batch += received
        return batch

    async def _receive(self, most: int) -> list[Message]:
        receive = partial(
            self._client.receive_message,
            QueueUrl=self._mapping.queue.url,
            MaxNumberOfMessages=most,
            WaitTimeSeconds=_WAIT,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        answer = await asyncio.get_running_loop().run_in_executor(self._threads, receive)
        return list(answer.get("Messages", []))

    async def _process(self, batch: Sequence[Message]) -> None:
        try:
            for message in await self._delivery.deliver(batch):
                await self._delete(message)
        except Exception:  # noqa: BLE001 - what kept it from running: the messages come again
            _log.exception("%s: %s could not be invoked", *_names(self._mapping))

    async def _delete(self, message: Message) -> None:
        try:
            await asyncio.to_thread(
                self._client.delete_message,
                QueueUrl=self._mapping.queue.url,
                ReceiptHandle=message["ReceiptHandle"],
            )
        except Exception as error:  # noqa: BLE001 - it was received again meanwhile, say
            _log.warning("%s: a message was not deleted: %r", self._mapping.logical_id, error)


def _names(mapping: QueueMapping) -> tuple[str, str]:
    return mapping.logical_id, mapping.function


def failed_ids(result: Result, batch: Sequence[Message], *, partial: bool) -> set[str]:
    """Return the ids of the messages that a function has not processed.

    All messages fail if the answer names a message that is not in the batch, or is not an answer
    of that form.
    """
    every = {message["MessageId"] for message in batch}
    if result.function_error is not None:
        return every
    if not partial:
        return set()
    try:
        answer = json.loads(result.payload)
        failures = answer.get("batchItemFailures", []) if answer else []
        named = {failure["itemIdentifier"] for failure in failures or []}
    except (ValueError, TypeError, KeyError, AttributeError):
        return every
    return named if named <= every else every


def record(message: Message, queue_arn: str, region: str) -> dict[str, Any]:
    """Return a message as a function is handed it."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {
            name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message.get("MD5OfBody", ""),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": region,
    }


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"stringListValues": [], "binaryListValues": []}
    found["dataType"] = value["DataType"]
    if "StringValue" in value:
        found["stringValue"] = value["StringValue"]
    return found


def notification(message: Message, subscription: str) -> dict[str, Any]:
    """Return what a topic delivered to a queue, as a function is handed it."""
    sent = json.loads(message["Body"])
    renamed = {"SigningCertURL": "SigningCertUrl", "UnsubscribeURL": "UnsubscribeUrl"}
    return {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription,
        "Sns": {
            "Subject": None,
            "MessageAttributes": {},
            **{renamed.get(name, name): value for name, value in sent.items()},
        },
    }


def _event(records: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps({"Records": records})
