"""The document that Lambda sends to a stream mapping's on-failure queue."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any

from keyline.moments import iso, us_of_seconds
from keyline_local.triggers.stream_retry import Batch, Record, arrival, sequence_number


def document(
    batch: Batch,
    *,
    condition: str,
    function_arn: str,
    function_error: str | None,
    shard_id: str,
    stream_arn: str,
    now: float,
    request_id: str | None = None,
) -> str:
    """Return the message body for records that were given up.

    The form of the body is the example invocation record of the Lambda developer guide
    (services-dynamodb-errors). The body holds no records: a reader fetches them from the stream.

    Parameters
    ----------
    condition
        `RetryAttemptsExhausted` or `RecordAgeExceeded`.
    function_error
        `Unhandled` after an error, None after a partial batch response.
    stream_arn
        As in the records' `eventSourceARN`.
    now
        Epoch seconds.
    request_id
        Of the last invocation; made up if there was none.
    """
    body: dict[str, Any] = {
        "requestContext": {
            "requestId": request_id or str(uuid.uuid4()),
            "functionArn": function_arn,
            "condition": condition,
            "approximateInvokeCount": batch.invocations,
        }
    }
    if batch.invocations:
        body["responseContext"] = {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": function_error,
        }
    body["version"] = "1.0"
    body["timestamp"] = iso(us_of_seconds(now))
    body["DDBStreamBatchInfo"] = _batch_info(batch.records, shard_id, stream_arn)
    return json.dumps(body)


def _batch_info(records: Sequence[Record], shard_id: str, stream_arn: str) -> dict[str, Any]:
    first, last = records[0], records[-1]
    return {
        "shardId": shard_id,
        "startSequenceNumber": sequence_number(first),
        "endSequenceNumber": sequence_number(last),
        "approximateArrivalOfFirstRecord": iso(us_of_seconds(arrival(first)), "seconds"),
        "approximateArrivalOfLastRecord": iso(us_of_seconds(arrival(last)), "seconds"),
        "batchSize": len(records),
        "streamArn": stream_arn,
    }
