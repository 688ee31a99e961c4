"""Reads the stream of one table from the engine, from a checkpoint on."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keyline_local.dynamodb.dynamodb_api import STREAMS, ApiError, DynamoApi
from keyline_local.host.errors import LocalPlatformError
from keyline_local.resources import Table
from keyline_local.triggers.checkpoint import Checkpoint
from keyline_local.triggers.stream_record import Stream, shape, shown_arn
from keyline_local.triggers.stream_retry import Record, sequence_number

MAX_RECORDS = 1000
"""Records of one GetRecords answer (DynamoDB Streams API reference)."""

LOST_PLACE = ("TrimmedDataAccessException", "ExpiredIteratorException")
"""Errors after which only the oldest record is a place that is sure to exist."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Page:
    """A stretch of a stream.

    Attributes
    ----------
    records
        In order.
    last
        Sequence number of the last record read; None at the end of the stream.
    iterator
        Continues after it.
    """

    records: Sequence[Record]
    last: str | None
    iterator: str


class StreamReader:
    """Finds and reads the stream of a table.

    The embedded engine keeps each stream in one shard for good, which is all this reads.
    """

    def __init__(self, api: DynamoApi, table: Table, region: str) -> None:
        self._api = api
        self._table = table
        self._region = region

    async def find(self) -> Stream:
        """Describe the table's present stream.

        Raises
        ------
        LocalPlatformError
            The table has no stream, or the stream has more than one shard.
        """
        described = (await self._api.call("DescribeTable", {"TableName": self._table.name}))[
            "Table"
        ]
        arn = described.get("LatestStreamArn")
        if not arn:
            raise LocalPlatformError(
                self._table.name,
                "an event source mapping reads this table, but it has no stream",
                "declare a stream on the table",
            )
        answer = await self._api.call("DescribeStream", {"StreamArn": arn}, STREAMS)
        description = answer["StreamDescription"]
        shards = description["Shards"]
        if len(shards) != 1:
            raise LocalPlatformError(
                self._table.name,
                f"its stream has {len(shards)} shards; the platform reads streams of one",
                "use the embedded engine for tables with stream consumers",
            )
        return Stream(
            arn=arn,
            shard_id=shards[0]["ShardId"],
            shown_arn=shown_arn(self._table.arn, arn),
            region=self._region,
            created=float(description.get("CreationRequestDateTime", 0.0)),
            partition_key=next(
                key["AttributeName"] for key in described["KeySchema"] if key["KeyType"] == "HASH"
            ),
        )

    async def iterator(self, stream: Stream, checkpoint: Checkpoint | None, start: str) -> str:
        """Return an iterator after the checkpoint, or at `start` if there is none.

        A checkpoint of another stream counts as none. One whose place the stream no longer
        has (records are kept for 24 hours) continues at the oldest record.
        """
        if checkpoint is None or checkpoint.stream_arn != stream.arn:
            return await self._iterator(stream, start)
        if checkpoint.sequence_number is None:
            return checkpoint.iterator or await self._iterator(stream, start)
        try:
            return await self._iterator(stream, "AFTER_SEQUENCE_NUMBER", checkpoint.sequence_number)
        except ApiError as error:
            if error.code not in LOST_PLACE:
                raise
            _log.warning("%s: %s; going on at the oldest record", self._table.name, error)
            return await self._iterator(stream, "TRIM_HORIZON")

    async def read(self, stream: Stream, iterator: str, limit: int) -> Page:
        """Return the next records, at most `limit`."""
        answer = await self._api.call(
            "GetRecords",
            {"ShardIterator": iterator, "Limit": min(limit, MAX_RECORDS)},
            STREAMS,
        )
        raw = answer["Records"]
        return Page(
            records=[shape(one, stream) for one in raw if _belongs(one, stream)],
            last=str(raw[-1]["dynamodb"]["SequenceNumber"]) if raw else None,
            iterator=answer.get("NextShardIterator") or iterator,
        )

    async def between(self, first: str, last: str) -> list[Record] | None:
        """Return the records of a stretch; None if the stream no longer has the first one."""
        stream = await self.find()
        try:
            iterator = await self._iterator(stream, "AT_SEQUENCE_NUMBER", first)
            found: list[Record] = []
            while True:
                page = await self.read(stream, iterator, MAX_RECORDS)
                found += [one for one in page.records if int(sequence_number(one)) <= int(last)]
                if page.last is None or int(page.last) >= int(last):
                    return found
                iterator = page.iterator
        except ApiError as error:
            if error.code not in LOST_PLACE:
                raise
            return None

    async def some(self, after: int, count: int, *, newest: bool) -> list[Record]:
        """Return records that come after a sequence number.

        Parameters
        ----------
        newest
            Whether they are the last of the stream; the first after the number otherwise.
        """
        stream = await self.find()
        place = Checkpoint(stream.arn, str(after)) if after > 0 else None
        iterator = await self.iterator(stream, place, "TRIM_HORIZON")
        found: deque[Record] = deque(maxlen=count if newest else None)
        while newest or len(found) < count:
            page = await self.read(stream, iterator, MAX_RECORDS if newest else count)
            if page.last is None:
                break
            found.extend(page.records)
            iterator = page.iterator
        return [*found]

    async def _iterator(self, stream: Stream, kind: str, after: str | None = None) -> str:
        request = {"StreamArn": stream.arn, "ShardId": stream.shard_id, "ShardIteratorType": kind}
        if after is not None:
            request["SequenceNumber"] = after
        answer = await self._api.call("GetShardIterator", request, STREAMS)
        return str(answer["ShardIterator"])


def _belongs(raw: Mapping[str, Any], stream: Stream) -> bool:
    # The engine keeps the records of a deleted table. It shows them in the stream of a new
    # table of the same name. Its times are whole seconds, so old records of the second in
    # which the new stream began may still be read.
    return float(raw["dynamodb"]["ApproximateCreationDateTime"]) >= stream.created
