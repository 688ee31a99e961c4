"""The message that Lambda puts into the on-failure queue of a stream consumer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Struct

from keyline.errors import KeylineError


class _Context(Struct, rename="camel"):
    condition: str


class _Batch(Struct, rename="camel"):
    shard_id: str
    start_sequence_number: str
    end_sequence_number: str
    batch_size: int
    stream_arn: str


class _Body(Struct):
    requestContext: _Context
    DDBStreamBatchInfo: _Batch


@dataclass(frozen=True)
class Failure:
    """A range of stream records that the consumer stopped retrying.

    Attributes
    ----------
    receipt
        The receipt handle, needed to delete the message.
    reason
        `RetryAttemptsExhausted` or `RecordAgeExceeded`.
    first, last
        Sequence numbers of the first and the last record.
    records
        How many records the consumer was given.
    """

    receipt: str
    reason: str
    stream_arn: str
    shard_id: str
    first: str
    last: str
    records: int


def failure_of(message: dict[str, Any]) -> Failure:
    """Read a message of the queue (Lambda developer guide, "services-dynamodb-errors").

    Raises
    ------
    KeylineError
        If Lambda did not write it.
    """
    try:
        body = msgspec.convert(json.loads(message["Body"]), _Body)
    except (ValueError, msgspec.ValidationError) as error:
        raise KeylineError(
            f"message {message.get('MessageId')}",
            f"is not a message of Lambda about a stream: {error}.",
            "Look at it in the console of SQS, and delete it there.",
        ) from error
    batch = body.DDBStreamBatchInfo
    return Failure(
        receipt=message["ReceiptHandle"],
        reason=body.requestContext.condition,
        stream_arn=batch.stream_arn,
        shard_id=batch.shard_id,
        first=batch.start_sequence_number,
        last=batch.end_sequence_number,
        records=batch.batch_size,
    )
