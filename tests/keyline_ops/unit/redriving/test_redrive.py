"""`keyline redrive`: what becomes of the messages of an on-failure queue."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import boto3
import msgspec
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from moto import mock_aws

from keyline.errors import KeylineError
from keyline.model import StreamSource
from keyline_deploy.archive_writer import writer_of
from keyline_deploy.environment import load
from keyline_deploy.names import failure_queue_name
from keyline_ops.redriving.consumer import (
    Answer,
    AwsConsumer,
    LocalConsumer,
    Queue,
    Record,
    answer_of,
    lambda_record,
)
from keyline_ops.redriving.failure import Failure, failure_of
from keyline_ops.redriving.places import consumer_of, place
from keyline_ops.redriving.redrive import Done, Outcome, redrive
from tests.support.sample.shop import LARGE
from tests.support.templates import DEFAULTS

(SOURCE,) = (function.source for function in LARGE.functions if function.source)
STREAM = "arn:aws:dynamodb:eu-west-1:111122223333:table/Orders/stream/2026-01-01T00:00:00.000"


def record(number: int, event: str = "INSERT") -> dict[str, Any]:
    return {
        "eventID": f"{number:032x}",
        "eventName": event,
        "eventVersion": "1.1",
        "dynamodb": {
            "SequenceNumber": str(number),
            "ApproximateCreationDateTime": 1_767_225_600.0,
            "Keys": {"pk": {"S": "c"}},
        },
    }


def message(*numbers: int) -> str:
    """Return the example of the Lambda developer guide for records of these numbers."""
    context = {
        "requestId": "316aa6d0-8154-xmpl-9af7-85d5f4a6bc81",
        "functionArn": "arn:aws:lambda:eu-west-1:111122223333:function:f",
        "condition": "RetryAttemptsExhausted",
        "approximateInvokeCount": 1,
    }
    answer = {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    batch = {
        "shardId": "shard-1",
        "startSequenceNumber": str(numbers[0]),
        "endSequenceNumber": str(numbers[-1]),
        "approximateArrivalOfFirstRecord": "2026-01-01T00:00:00Z",
        "approximateArrivalOfLastRecord": "2026-01-01T00:00:00Z",
        "batchSize": len(numbers),
        "streamArn": STREAM,
    }
    return json.dumps(
        {
            "requestContext": context,
            "responseContext": answer,
            "version": "1.0",
            "timestamp": "2026-01-01T00:13:49.717Z",
            "DDBStreamBatchInfo": batch,
        }
    )


class Sqs:
    """A queue in memory; what was received is hidden until it is released or deleted."""

    def __init__(self, *bodies: str) -> None:
        self.messages = {f"m{number}": body for number, body in enumerate(bodies)}
        self.hidden: set[str] = set()

    def get_queue_url(self, QueueName: str) -> dict[str, str]:
        return {"QueueUrl": f"http://queue/{QueueName}"}

    def receive_message(self, **_: Any) -> dict[str, Any]:
        shown = [id for id in self.messages if id not in self.hidden][:2]
        self.hidden.update(shown)
        return {
            "Messages": [
                {"MessageId": id, "ReceiptHandle": id, "Body": self.messages[id]} for id in shown
            ]
        }

    def delete_message(self, QueueUrl: str, ReceiptHandle: str) -> None:
        del self.messages[ReceiptHandle]
        self.hidden.remove(ReceiptHandle)

    def change_message_visibility(
        self, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int
    ) -> None:
        assert VisibilityTimeout == 0
        self.hidden.remove(ReceiptHandle)


class Function:
    """A consumer whose stream begins at a record, and which cannot process some."""

    def __init__(
        self,
        *,
        begins: int = 0,
        bad: Sequence[int] = (),
        crash: str = "",
        stream: Sequence[Record] = (),
    ) -> None:
        self._stream = stream
        self.given: list[list[str]] = []
        self._begins = begins
        self._bad = bad
        self._crash = crash

    def records(self, failure: Failure) -> Sequence[Record] | None:
        first, last = int(failure.first), int(failure.last)
        if first < self._begins:
            return None
        return self._stream or [record(number) for number in range(first, last + 1)]

    def invoke(self, records: Sequence[Record]) -> Answer:
        numbers = [str(each["dynamodb"]["SequenceNumber"]) for each in records]
        self.given.append(numbers)
        failed = tuple(number for number in numbers if int(number) in self._bad)
        return Answer(failed=failed, error=self._crash)


PLAIN = StreamSource(table=SOURCE.table, batch=2)


def run(function: Function, sqs: Sqs, **options: bool) -> list[Done]:
    return list(redrive(PLAIN, function, Queue(sqs, "q"), **options))


def test_records_are_handed_over_in_batches_and_their_messages_deleted() -> None:
    sqs, function = Sqs(message(1, 2, 3), message(7), message(8, 9)), Function()
    assert [(d.outcome, d.records) for d in run(function, sqs)] == [
        (Outcome.REDRIVEN, 3),
        (Outcome.REDRIVEN, 1),
        (Outcome.REDRIVEN, 2),
    ]
    assert function.given == [["1", "2"], ["3"], ["7"], ["8", "9"]]
    assert sqs.messages == {}


@pytest.mark.parametrize("function", [Function(bad=[2]), Function(crash="KeyError: 'pk'")])
def test_what_fails_again_stays_in_the_queue(function: Function) -> None:
    sqs = Sqs(message(1, 2, 3))
    (done,) = run(function, sqs)
    assert done.outcome is Outcome.FAILED
    assert done.why
    assert function.given == [["1", "2"]]
    assert (list(sqs.messages), sqs.hidden) == (["m0"], set())


def test_what_the_stream_no_longer_has_is_lost_and_is_deleted_only_when_told() -> None:
    sqs = Sqs(message(1), message(5))
    assert [d.outcome for d in run(Function(begins=4), sqs)] == [Outcome.LOST, Outcome.REDRIVEN]
    assert (list(sqs.messages), sqs.hidden) == (["m0"], set())
    (done,) = run(Function(begins=4), sqs, forget=True)
    assert (done.outcome, done.records) == (Outcome.LOST, 1)
    assert sqs.messages == {}


def test_what_fails_again_is_given_up_only_when_told() -> None:
    sqs = Sqs(message(1), message(5), message(2))
    found = run(Function(begins=2, bad=[5]), sqs, give_up=True)
    assert [d.outcome for d in found] == [Outcome.LOST, Outcome.FAILED, Outcome.REDRIVEN]
    assert (list(sqs.messages), sqs.hidden) == (["m0"], set())


def test_a_dry_run_changes_nothing() -> None:
    sqs, function = Sqs(message(1), message(5), message(6)), Function(begins=4)
    found = run(function, sqs, dry_run=True, forget=True, give_up=True)
    assert [d.outcome for d in found] == [Outcome.LOST, Outcome.WAITING, Outcome.WAITING]
    assert function.given == []
    assert (len(sqs.messages), sqs.hidden) == (3, set())


def test_an_interruption_leaves_what_was_not_processed_for_others() -> None:
    sqs = Sqs(message(1), message(2))
    found = redrive(PLAIN, Function(bad=[1, 2]), Queue(sqs, "q"), dry_run=False, forget=False)
    assert next(found).outcome is Outcome.FAILED
    found.close()
    assert "m0" not in sqs.hidden
    assert len(sqs.messages) == 2


def test_records_that_the_filter_leaves_out_are_not_handed_over() -> None:
    source = StreamSource(table=SOURCE.table, events=("REMOVE",))
    function, sqs = Function(), Sqs(message(1, 2))
    (done,) = redrive(source, function, Queue(sqs, "q"), dry_run=False, forget=False)
    assert (done.outcome, done.records, function.given) == (Outcome.REDRIVEN, 0, [])
    assert sqs.messages == {}


@pytest.mark.parametrize("body", ["", "{", "{}", '{"requestContext": {"condition": "x"}}'])
def test_a_message_of_somebody_else_is_refused(body: str) -> None:
    with pytest.raises(KeylineError, match="is not a message of Lambda"):
        failure_of({"MessageId": "m", "ReceiptHandle": "r", "Body": body})


# ----------------------------------------------------------------------------------- on AWS


class Streams:
    """Two records a page, from a record on."""

    class exceptions:
        ClientError = ClientError

    def __init__(self, *numbers: int) -> None:
        self._numbers = numbers

    def get_shard_iterator(self, SequenceNumber: str, **_: Any) -> dict[str, str]:
        if int(SequenceNumber) < self._numbers[0]:
            said: Any = {"Error": {"Code": "TrimmedDataAccessException", "Message": "gone"}}
            raise ClientError(said, "GetShardIterator")
        return {"ShardIterator": SequenceNumber}

    def get_records(self, ShardIterator: str, Limit: int) -> dict[str, Any]:
        found = [number for number in self._numbers if number >= int(ShardIterator)][:2]
        more = {"NextShardIterator": str(found[-1] + 1)} if found else {}
        return {"Records": [boto(number) for number in found], **more}


def boto(number: int) -> dict[str, Any]:
    found = record(number)
    found["dynamodb"]["ApproximateCreationDateTime"] = datetime(2026, 1, 1, tzinfo=UTC)
    found["dynamodb"]["NewImage"] = {"vector": {"B": b"\x00\x01"}, "set": {"BS": [b"a"]}}
    return found


class Lambda:
    def __init__(self, answer: object, error: str | None = None) -> None:
        self.events: list[Any] = []
        self._answer, self._error = answer, error

    def invoke(self, FunctionName: str, Payload: bytes) -> Mapping[str, Any]:
        self.events.append(json.loads(Payload))
        failed = {"FunctionError": self._error} if self._error else {}
        return {"Payload": io.BytesIO(json.dumps(self._answer).encode()), **failed}


def failure(first: int, last: int) -> Failure:
    return Failure("r", "RetryAttemptsExhausted", STREAM, "shard-1", str(first), str(last), 2)


def test_on_aws_the_records_between_the_two_numbers_are_read_over_all_pages() -> None:
    consumer = AwsConsumer(Streams(3, 4, 6, 7, 8, 9), None, "f", "eu-west-1")
    found = consumer.records(failure(4, 8))
    assert found is not None
    assert [each["dynamodb"]["SequenceNumber"] for each in found] == ["4", "6", "7", "8"]
    assert consumer.records(failure(1, 3)) is None


def test_on_aws_a_record_has_the_form_that_lambda_gives_it() -> None:
    found = lambda_record(
        {**boto(4), "userIdentity": {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}},
        STREAM,
        "eu-west-1",
    )
    assert json.loads(json.dumps(found)) == {
        "eventID": f"{4:032x}",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": {
            "SequenceNumber": "4",
            "ApproximateCreationDateTime": 1_767_225_600.0,
            "Keys": {"pk": {"S": "c"}},
            "NewImage": {"vector": {"B": "AAE="}, "set": {"BS": ["YQ=="]}},
        },
        "eventSourceARN": STREAM,
        "userIdentity": {"principalId": "dynamodb.amazonaws.com", "type": "Service"},
    }


def test_on_aws_the_function_is_asked_and_its_answer_is_understood() -> None:
    function = Lambda({"batchItemFailures": [{"itemIdentifier": "4"}]})
    answer = AwsConsumer(None, function, "f", "eu-west-1").invoke([record(4)])
    assert answer == Answer(failed=("4",))
    assert function.events == [{"Records": [record(4)]}]
    crashed = Lambda({"errorMessage": "KeyError"}, "Unhandled")
    assert AwsConsumer(None, crashed, "f", "r").invoke([]) == Answer(error="KeyError")


@pytest.mark.parametrize("payload", ["", "null", "{}", '{"batchItemFailures": null}', "[]"])
def test_an_answer_without_failures_is_a_success(payload: str) -> None:
    assert answer_of(payload, None) == Answer()


# -------------------------------------------------------------------------- on this machine


def test_the_local_platform_reads_its_stream_and_runs_the_function() -> None:
    asked: list[tuple[str, str, Mapping[str, str], bytes | None]] = []

    def ask(method: str, path: str, params: Mapping[str, str], content: bytes | None) -> Any:
        asked.append((method, path, params, content))
        if method == "GET":
            return {"records": [record(4)]}
        return {"payload": '{"batchItemFailures": []}', "error": None}

    consumer = LocalConsumer(ask, "orders-count-local")
    assert consumer.records(failure(4, 5)) == [record(4)]
    assert consumer.invoke([record(4)]) == Answer()
    assert asked == [
        ("GET", "/streams/orders-count-local", {"first": "4", "last": "5"}, None),
        (
            "POST",
            "/functions/orders-count-local",
            {},
            json.dumps({"Records": [record(4)]}).encode(),
        ),
    ]


def test_only_a_consumer_can_be_named() -> None:
    (name,) = (function.name for function in LARGE.functions if function.source)
    assert consumer_of(LARGE.name, name, [LARGE], DEFAULTS).source is SOURCE
    with pytest.raises(KeylineError, match="no such stream consumer"):
        consumer_of(LARGE.name, "nobody", [LARGE], DEFAULTS)
    with pytest.raises(KeylineError, match="no system 'nothing'"):
        consumer_of("nothing", name, [LARGE], DEFAULTS)


def test_the_writer_of_an_archive_is_a_consumer_where_the_environment_has_one() -> None:
    table = SOURCE.table
    archiving = msgspec.structs.replace(DEFAULTS, archive={LARGE.name: (table.name,)})
    name = f"archive-{table.name.lower()}"
    found = consumer_of(LARGE.name, name, [LARGE], archiving)
    assert (found.function, found.source.table, found.source.expired) == (name, table, True)
    with pytest.raises(KeylineError, match="no such stream consumer"):
        consumer_of(LARGE.name, name, [LARGE], DEFAULTS)


def test_only_what_expired_is_handed_to_the_writer_of_an_archive_again() -> None:
    source = writer_of(SOURCE.table).source
    assert source is not None
    expired = {
        **record(2, "REMOVE"),
        "userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"},
    }
    function = Function(stream=[record(1, "REMOVE"), expired, record(3)])
    (done,) = redrive(source, function, Queue(Sqs(message(1, 2, 3)), "q"))
    assert (done.outcome, done.records) == (Outcome.REDRIVEN, 1)
    assert function.given == [["2"]]


def test_a_function_whose_answer_does_not_come_is_not_invoked_beside_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    (function,) = (each for each in LARGE.functions if each.source)
    dev = load("dev")
    with mock_aws():
        queue = failure_queue_name(LARGE.name, function.name, "dev")
        boto3.client("sqs", region_name=dev.region).create_queue(QueueName=queue)
        consumer = place(consumer_of(LARGE.name, function.name, [LARGE], dev), dev, None).consumer
    assert isinstance(consumer, AwsConsumer)
    client = consumer._functions
    asked: list[float] = []

    def silent(request: Any, **_: Any) -> None:
        asked.append(client.meta.config.read_timeout)
        raise ReadTimeoutError(endpoint_url=request.url)

    client.meta.events.register("before-send.lambda.Invoke", silent)
    with pytest.raises(ReadTimeoutError):
        consumer.invoke([record(1)])
    (seconds,) = asked
    assert seconds > 900  # as long as a function may run
