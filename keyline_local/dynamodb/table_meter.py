"""Metrics of the requests that DynamoDB answers: latency, units, refusals, errors.

Dimension sets and meanings: DynamoDB developer guide, "DynamoDB metrics and dimensions".
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from keyline_local.dynamodb.uses import Use
from keyline_local.services.metric_store import MetricStore

NAMESPACE = "AWS/DynamoDB"

_CONDITION, _CONFLICT = "ConditionalCheckFailed", "TransactionConflict"
_ANSWERS = frozenset({"ProvisionedThroughputExceededException", "ThrottlingException"})
"""Refusals that are not the caller's error."""
_BLANK = b"\r\n\r\n"


class _Units(msgspec.Struct):
    CapacityUnits: float = 0.0


class _Capacity(msgspec.Struct):
    TableName: str = ""
    CapacityUnits: float = 0.0
    Table: _Units | None = None
    GlobalSecondaryIndexes: dict[str, _Units] = {}


class _Answer(msgspec.Struct):
    ConsumedCapacity: _Capacity | list[_Capacity] | None = None


class _Reason(msgspec.Struct):
    Code: str = ""


class _Refusal(msgspec.Struct):
    type: str = msgspec.field(name="__type", default="")
    CancellationReasons: list[_Reason] = []


_answer = msgspec.json.Decoder(_Answer)
_refusal = msgspec.json.Decoder(_Refusal)


class TableMeter:
    """Counts what a store of metrics is to know of tables."""

    def __init__(self, metrics: MetricStore) -> None:
        self._metrics = metrics

    def answered(
        self, operation: str, touched: Sequence[Use], answer: bytes, seconds: float
    ) -> None:
        """Take note of an HTTP answer to a request, and of how long it took."""
        if not any(use.reads or use.writes for use in touched):
            return  # DescribeTable, streams: none of these metrics is of them
        status, body = answer[9:12], answer.partition(_BLANK)[2]
        if status == b"200":
            self._succeeded(operation, touched, body, seconds)
        elif status[:1] == b"5":
            for table in _tables(touched):
                self._add("SystemErrors", 1, TableName=table, Operation=operation)
        else:
            self._refused(touched, body)

    def throttled(self, operation: str, use: Use, index: str | None) -> None:
        """Take note of one throttled element of a request, and of what was throttled."""
        name = "ReadThrottleEvents" if use.reads else "WriteThrottleEvents"
        where = {"TableName": use.table_name}
        self._add("ThrottledRequests", 1, **where, Operation=operation)
        self._add(name, 1, **where, **({"GlobalSecondaryIndexName": index} if index else {}))

    def wrong(self) -> None:
        """Take note of a request that was wrong, which the metric tells of no table."""
        self._add("UserErrors", 1)

    def _succeeded(
        self, operation: str, touched: Sequence[Use], body: bytes, seconds: float
    ) -> None:
        for table in _tables(touched):
            self._add(
                "SuccessfulRequestLatency", seconds * 1000, TableName=table, Operation=operation
            )
        try:
            found = _answer.decode(body).ConsumedCapacity
        except msgspec.DecodeError:
            return
        reads = touched[0].reads and not any(use.writes for use in touched)
        name = "ConsumedReadCapacityUnits" if reads else "ConsumedWriteCapacityUnits"
        for capacity in found if isinstance(found, list) else [found] if found else []:
            own = capacity.CapacityUnits if capacity.Table is None else capacity.Table.CapacityUnits
            self._add(name, own, TableName=capacity.TableName)
            for index, units in capacity.GlobalSecondaryIndexes.items():
                self._add(
                    name,
                    units.CapacityUnits,
                    TableName=capacity.TableName,
                    GlobalSecondaryIndexName=index,
                )

    def _refused(self, touched: Sequence[Use], body: bytes) -> None:
        try:
            refusal = _refusal.decode(body)
        except msgspec.DecodeError:
            return
        code = refusal.type.rpartition("#")[2]
        if code == "TransactionCanceledException":
            for use, reason in zip(touched, refusal.CancellationReasons, strict=False):
                self._reason(reason.Code, use)
        elif code in ("ConditionalCheckFailedException", "TransactionConflictException"):
            self._reason(code.removesuffix("Exception"), touched[0])
        elif code not in _ANSWERS:
            self.wrong()

    def _reason(self, code: str, use: Use) -> None:
        if code == _CONDITION:
            self._add("ConditionalCheckFailedRequests", 1, TableName=use.table_name)
        elif code == _CONFLICT:
            self._add("TransactionConflict", 1, TableName=use.table_name)

    def _add(self, name: str, value: float, **dimensions: str) -> None:
        self._metrics.add(NAMESPACE, name, value, **dimensions)


def _tables(touched: Sequence[Use]) -> set[str]:
    return {use.table_name for use in touched}
