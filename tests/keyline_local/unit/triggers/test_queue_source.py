from __future__ import annotations

import asyncio
import json
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import pytest

from keyline_local.resources import Holds, Queue, QueueMapping
from keyline_local.triggers.queue_source import QueueSources, failed_ids, notification, record
from keyline_local.triggers.stream_retry import Backoff
from keyline_local.triggers.targets import Targets

QUEUE = Queue(logical_id="Q", name="q", arn="arn:aws:sqs:r:a:q", url="http://q", attributes={})
AT_ONCE = Backoff(base=0.0)


@dataclass(frozen=True)
class Done:
    payload: bytes = b"null"
    function_error: str | None = None
    request_id: str = "r"


def message(number: int) -> dict[str, Any]:
    return {"MessageId": f"m{number}", "ReceiptHandle": f"h{number}", "Body": str(number)}


@dataclass
class Sqs:
    """A queue in memory: a message is received once."""

    waiting: deque[dict[str, Any]]
    deleted: list[str] = field(default_factory=list)
    is_empty: threading.Event = field(default_factory=threading.Event)
    threads: set[str] = field(default_factory=set)

    def receive_message(self, *, MaxNumberOfMessages: int, **_: Any) -> dict[str, Any]:
        self.threads.add(threading.current_thread().name.rpartition("_")[0])
        taken = [self.waiting.popleft() for _ in range(min(MaxNumberOfMessages, len(self.waiting)))]
        if not taken:
            self.is_empty.set()
            threading.Event().wait(0.01)
        return {"Messages": taken} if taken else {}

    def delete_message(self, *, ReceiptHandle: str, **_: Any) -> None:
        self.deleted.append(ReceiptHandle)


def run(sqs: Sqs, results: list[Done], **more: Any) -> list[list[str]]:
    """Deliver what waits, and return the bodies that each invocation got."""
    seen: list[list[str]] = []
    enough = asyncio.Event()

    class Invoker:
        async def invoke(self, name: str, payload: bytes) -> Done:
            records = json.loads(payload)["Records"]
            seen.append([r.get("body") or r["Sns"]["Message"] for r in records])
            if len(seen) == len(results):
                enough.set()
            return results[len(seen) - 1]

    async def deliver() -> None:
        mapping = QueueMapping(logical_id="M", queue=QUEUE, function="f", **more)
        sources = QueueSources(
            [mapping],
            sqs=lambda: sqs,
            region="r",
            invoker=Invoker(),
            targets=Targets(Invoker(), backoff=AT_ONCE),
            backoff=AT_ONCE,
        )
        await sources.start()
        await enough.wait()
        await asyncio.to_thread(sqs.is_empty.wait)
        while len(sqs.deleted) + _failed(results) < sum(map(len, seen[-len(results) :])) and not (
            more.get("holds") and sqs.deleted
        ):
            await asyncio.sleep(0.005)
        await sources.stop()

    asyncio.run(deliver())
    return seen


def _failed(results: list[Done]) -> int:
    return sum(2 if each.function_error else each.payload.count(b"itemId") for each in results)


def test_messages_are_deleted_once_they_are_processed() -> None:
    sqs = Sqs(deque(map(message, range(4))))
    assert sorted(run(sqs, [Done(), Done()], batch_size=2)) == [["0", "1"], ["2", "3"]]
    assert sorted(sqs.deleted) == ["h0", "h1", "h2", "h3"]


def test_a_look_at_a_queue_keeps_no_thread_from_those_who_send() -> None:
    sqs = Sqs(deque([message(1)]))
    run(sqs, [Done()])
    assert sqs.threads == {"queue sources"}


def test_messages_that_a_function_failed_on_stay() -> None:
    sqs = Sqs(deque(map(message, range(2))))
    run(sqs, [Done(function_error="Unhandled")], batch_size=2)
    assert sqs.deleted == []


def test_of_a_partial_batch_only_what_failed_stays() -> None:
    sqs = Sqs(deque(map(message, range(2))))
    answer = b'{"batchItemFailures": [{"itemIdentifier": "m0"}]}'
    run(sqs, [Done(answer)], batch_size=2, partial_batch=True)
    assert sqs.deleted == ["h1"]


def test_a_topic_tries_three_times_and_gives_up() -> None:
    sent = {**message(0), "Body": json.dumps({"Type": "Notification", "Message": "hello"})}
    sqs = Sqs(deque([sent]))
    seen = run(sqs, [Done(function_error="Unhandled")] * 3, batch_size=1, holds=Holds.NOTIFICATIONS)
    assert seen == [["hello"]] * 3
    assert sqs.deleted == ["h0"]


@pytest.mark.parametrize(
    ("payload", "failed"),
    [
        (b"null", set()),
        (b"{}", set()),
        (b'{"batchItemFailures": []}', set()),
        (b'{"batchItemFailures": null}', set()),
        (b'{"batchItemFailures": [{"itemIdentifier": "m1"}]}', {"m1"}),
        (b'{"batchItemFailures": [{"itemIdentifier": "other"}]}', {"m0", "m1"}),
        (b'{"batchItemFailures": [{"itemIdentifier": ""}]}', {"m0", "m1"}),
        (b'{"batchItemFailures": [{}]}', {"m0", "m1"}),
        (b'{"batchItemFailures": 5}', {"m0", "m1"}),
        (b'"text"', {"m0", "m1"}),
        (b"no JSON", {"m0", "m1"}),
    ],
)
def test_what_a_partial_answer_says(payload: bytes, failed: set[str]) -> None:
    batch = [message(0), message(1)]
    assert failed_ids(Done(payload), batch, partial=True) == failed
    assert failed_ids(Done(payload), batch, partial=False) == set()


def test_a_record_has_the_form_of_lambdas() -> None:
    given = {
        **message(1),
        "Attributes": {"ApproximateReceiveCount": "1"},
        "MessageAttributes": {"a": {"DataType": "String", "StringValue": "x"}},
        "MD5OfBody": "md5",
    }
    made = record(given, "arn", "r")
    assert made["attributes"] == {"ApproximateReceiveCount": "1"}
    assert made["messageAttributes"]["a"]["stringValue"] == "x"
    assert (made["eventSourceARN"], made["awsRegion"], made["md5OfBody"]) == ("arn", "r", "md5")


def test_a_notification_has_the_names_of_lambdas() -> None:
    sent = {"Type": "Notification", "Message": "m", "SigningCertURL": "s", "UnsubscribeURL": "u"}
    made = notification({**message(1), "Body": json.dumps(sent)}, "arn")["Sns"]
    assert (made["SigningCertUrl"], made["UnsubscribeUrl"], made["Subject"]) == ("s", "u", None)
    assert made["MessageAttributes"] == {}
