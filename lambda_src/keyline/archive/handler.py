"""The function that writes expired items to the bucket."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from keyline.archive.names import BUCKET_VARIABLE, TABLE_VARIABLE
from keyline.archive.objects import objects_of
from keyline.s3 import s3_client

CONNECT_TIMEOUT, READ_TIMEOUT, ATTEMPTS = 2.0, 10.0, 3
"""Seconds, and tries of one call: all of them fit into the time that the function has."""

_bucket, _table = os.environ[BUCKET_VARIABLE], os.environ[TABLE_VARIABLE]
_client = s3_client(connect_timeout=CONNECT_TIMEOUT, read_timeout=READ_TIMEOUT, attempts=ATTEMPTS)


def handler(event: Mapping[str, Any], context: Any) -> Mapping[str, Any]:
    """Write a batch. If S3 refuses, the batch is delivered again, and then goes to the queue."""
    for each in objects_of(_table, event["Records"]):
        _client.put_object(
            Bucket=_bucket,
            Key=each.key,
            Body=each.content,
            ContentType="application/x-ndjson",
            ContentEncoding="gzip",
        )
    return {"batchItemFailures": []}
