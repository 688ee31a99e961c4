"""A stream consumer with its on-failure queue: on AWS, or on this machine."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from keyline_ops.redriving.failure import Failure, failure_of

Record = Mapping[str, Any]
"""A stream record as Lambda hands it to a function."""

Ask = Callable[[str, str, Mapping[str, str], bytes | None], Any]
"""Asks the local platform: method, path, parameters, content."""

GONE = frozenset({"TrimmedDataAccessException", "ResourceNotFoundException"})
"""What DynamoDB says where the stream no longer has a record."""

HIDDEN_SECONDS = 900
"""How long a message is hidden from others that read the queue: as long as a function may run."""


@dataclass(frozen=True)
class Answer:
    """The answer of a function to records.

    Attributes
    ----------
    failed
        Sequence numbers of the records that it could not process.
    error
        What it failed with as a whole; empty if it did not.
    """

    failed: tuple[str, ...] = ()
    error: str = ""


class Consumer(Protocol):
    """The function, its queue and its stream."""

    def records(self, failure: Failure) -> Sequence[Record] | None:
        """Read the records of a failure; None if the stream no longer has them."""

    def invoke(self, records: Sequence[Record]) -> Answer:
        """Hand records to the function, and wait for its answer."""


class Queue:
    """The on-failure queue.

    Parameters
    ----------
    client
        boto3's client of SQS.
    """

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._url: str = client.get_queue_url(QueueName=name)["QueueUrl"]

    def failures(self) -> Iterator[Failure]:
        """Yield what is in the queue; each message is hidden from others until it is released."""
        while messages := self._messages():
            yield from map(failure_of, messages)

    def delete(self, failure: Failure) -> None:
        """Delete the message of a failure."""
        self._client.delete_message(QueueUrl=self._url, ReceiptHandle=failure.receipt)

    def release(self, failure: Failure) -> None:
        """Let others read the message of a failure again."""
        self._client.change_message_visibility(
            QueueUrl=self._url, ReceiptHandle=failure.receipt, VisibilityTimeout=0
        )

    def _messages(self) -> list[dict[str, Any]]:
        answer = self._client.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=HIDDEN_SECONDS,
            WaitTimeSeconds=1,
        )
        return list(answer.get("Messages", []))


class AwsConsumer:
    """A consumer on AWS.

    Parameters
    ----------
    streams, functions
        boto3's clients of DynamoDB Streams and Lambda.
    """

    def __init__(self, streams: Any, functions: Any, name: str, region: str) -> None:
        self._streams = streams
        self._functions = functions
        self._name = name
        self._region = region

    def records(self, failure: Failure) -> Sequence[Record] | None:
        """Read the records of a failure; None if the stream no longer has them."""
        try:
            raw = list(self._stretch(failure))
        except self._streams.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in GONE:
                return None
            raise
        return [lambda_record(each, failure.stream_arn, self._region) for each in raw]

    def _stretch(self, failure: Failure) -> Iterator[Mapping[str, Any]]:
        iterator = self._streams.get_shard_iterator(
            StreamArn=failure.stream_arn,
            ShardId=failure.shard_id,
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            SequenceNumber=failure.first,
        )["ShardIterator"]
        while iterator:
            page = self._streams.get_records(ShardIterator=iterator, Limit=1000)
            for raw in page["Records"]:
                if int(raw["dynamodb"]["SequenceNumber"]) > int(failure.last):
                    return
                yield raw
                if raw["dynamodb"]["SequenceNumber"] == failure.last:
                    return
            iterator = page.get("NextShardIterator")

    def invoke(self, records: Sequence[Record]) -> Answer:
        """Hand records to the function, and wait for its answer."""
        answer = self._functions.invoke(
            FunctionName=self._name, Payload=json.dumps({"Records": records}).encode()
        )
        return answer_of(answer["Payload"].read(), answer.get("FunctionError"))


class LocalConsumer:
    """A consumer of the local platform, which reads its engine's stream itself.

    Parameters
    ----------
    ask
        Asks the platform: method, path, parameters, content.
    """

    def __init__(self, ask: Ask, name: str) -> None:
        self._ask = ask
        self._name = name

    def records(self, failure: Failure) -> Sequence[Record] | None:
        """Read the records of a failure; None if the stream no longer has them."""
        between = {"first": failure.first, "last": failure.last}
        answer = self._ask("GET", f"/streams/{self._name}", between, None)
        found: Sequence[Record] | None = answer["records"]
        return found

    def invoke(self, records: Sequence[Record]) -> Answer:
        """Hand records to the function, and wait for its answer."""
        content = json.dumps({"Records": records}).encode()
        answer = self._ask("POST", f"/functions/{self._name}", {}, content)
        return answer_of(answer["payload"], answer["error"])


def answer_of(payload: bytes | str, error: str | None) -> Answer:
    """Read what a function answered."""
    document = json.loads(payload or "null")
    if error:
        said = document.get("errorMessage", error) if isinstance(document, dict) else error
        return Answer(error=str(said))
    failures = document.get("batchItemFailures") or [] if isinstance(document, dict) else []
    return Answer(failed=tuple(str(each["itemIdentifier"]) for each in failures))


def lambda_record(raw: Mapping[str, Any], stream_arn: str, region: str) -> Record:
    """Return a record of boto3 in the form in which Lambda hands it to a function."""
    dynamodb = dict(raw["dynamodb"])
    if created := dynamodb.get("ApproximateCreationDateTime"):
        dynamodb["ApproximateCreationDateTime"] = created.timestamp()
    found = {
        **{name: raw[name] for name in ("eventID", "eventName", "eventVersion")},
        "eventSource": "aws:dynamodb",
        "awsRegion": region,
        "dynamodb": _plain(dynamodb),
        "eventSourceARN": stream_arn,
    }
    if identity := raw.get("userIdentity"):
        found["userIdentity"] = {name[0].lower() + name[1:]: identity[name] for name in identity}
    return found


def _plain(value: Any) -> Any:
    """Return a value in which each byte string is a text in base64, as in JSON of Lambda."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(each) for each in value]
    return value
