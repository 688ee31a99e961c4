"""Answers of DynamoDB to a request that it throttles.

The form is that of the service model: the exception names the limit and the resource. A
partition key that is too hot is the reason that any table can have. Sources: DynamoDB API
reference, ThrottlingReason and CancellationReason; developer guide, "Troubleshooting throttling".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keyline_local.dynamodb.table_meter import TableMeter
from keyline_local.dynamodb.uses import TRANSACTIONS, Use
from keyline_local.resources import Table
from keyline_local.services.faults import Faults, Kind

_EXCEPTIONS = "com.amazonaws.dynamodb.v20120810"
_MESSAGE = (
    "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically "
    "scaling your table or index so please try again shortly."
)
_PROBES = ("Query", "UpdateItem")
"""A read and a write that may be asked of any table."""


@dataclass(frozen=True)
class _Throttled:
    """An element of a request that is throttled, and the index that is at fault, if any."""

    use: Use
    index: str | None


class Throttling:
    """Refuses the requests to what is throttled on purpose, and counts them.

    A read of an index counts there alone. A write of a table is also a write of each of its
    indexes, so that a throttled index rejects it. A batch is refused whole; DynamoDB would do the
    part of it that is for other tables.
    """

    def __init__(self, tables: Iterable[Table], faults: Faults, meter: TableMeter) -> None:
        self._arns = {table.name: table.arn for table in tables}
        self._indexes = {table.name: indexes_of(table) for table in tables}
        self._faults = faults
        self._meter = meter

    def answer(self, operation: str, touched: Sequence[Use]) -> Mapping[str, Any] | None:
        """Return the body of the answer, with status 400; None if nothing is throttled."""
        if not self._faults.on():
            return None
        found = list(self._throttled(touched))
        for each in found:
            self._meter.throttled(operation, each.use, each.index)
        if not found:
            return None
        if operation in TRANSACTIONS:
            return _cancelled(touched, found)
        return {
            "__type": f"{_EXCEPTIONS}#ThrottlingException",
            "message": _MESSAGE,
            "throttlingReasons": [self._reason(each) for each in found],
        }

    def probe(self) -> None:
        """Count a read and a write that are refused, of each place that is throttled.

        DynamoDB counts the requests that it throttles. Without traffic no alarm would go off.
        """
        for fault in self._faults.on():
            if fault.kind is Kind.THROTTLE:
                table, _, index = fault.name.partition("/")
                for operation in _PROBES:
                    self._meter.throttled(operation, Use(operation, table), index or None)

    def _throttled(self, touched: Sequence[Use]) -> Iterator[_Throttled]:
        for use in touched:
            if not (use.reads or use.writes):
                continue
            indexes = self._indexes.get(use.table_name, ()) if use.writes else ()
            for index in (use.index, *indexes):
                if self._faults.is_throttled(use.table_name, index):
                    yield _Throttled(use, index)
                    break

    def _reason(self, each: _Throttled) -> Mapping[str, str]:
        arn = self._arns[each.use.table_name]
        kind = f"{'Index' if each.index else 'Table'}{'Read' if each.use.reads else 'Write'}"
        return {
            "reason": f"{kind}KeyRangeThroughputExceeded",
            "resource": f"{arn}/index/{each.index}" if each.index else arn,
        }


def indexes_of(table: Table) -> Sequence[str]:
    """Return the names of a table's indexes."""
    return [index["IndexName"] for index in table.create.get("GlobalSecondaryIndexes", ())]


def _cancelled(touched: Sequence[Use], found: Sequence[_Throttled]) -> Mapping[str, Any]:
    at_fault = {id(each.use) for each in found}
    reasons = [
        {"Code": "ThrottlingError", "Message": _MESSAGE}
        if id(use) in at_fault
        else {"Code": "None"}
        for use in touched
    ]
    codes = ", ".join(reason["Code"] for reason in reasons)
    return {
        "__type": f"{_EXCEPTIONS}#TransactionCanceledException",
        "message": "Transaction cancelled, please refer cancellation reasons for specific reasons"
        f" [{codes}]",
        "CancellationReasons": reasons,
    }
