"""A Lambda handler of a table's stream with partial batch responses.

Powertools' batch utility is not used. The utility hands records over one at a time, while a
consumer that sums a batch up wants it whole. The import of the utility costs more than this file
(90 ms measured, mostly for the data classes and the optional pydantic models).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from aws_lambda_powertools import Logger

from keyline.errors import DeclarationError, KeylineError
from keyline.model.system import System
from keyline.model.table import Table
from keyline.run import meter
from keyline.run.errors import ItemUnreadableError
from keyline.stream.change import Change, ChangeReader

ItemT = TypeVar("ItemT", bound=msgspec.Struct)
Process = Callable[[Sequence[Change[ItemT]]], None]
BatchResponse = dict[str, list[dict[str, str]]]
"""Which records Lambda has to deliver again."""


class BatchFailedError(KeylineError):
    """Nothing of a batch of several records was processed, so that Lambda has to halve it."""


def stream_handler(
    system: System,
    shape: type[ItemT],
    process: Process[ItemT],
    *,
    table: Table | None = None,
    logger: Logger | None = None,
) -> Callable[[Mapping[str, Any], Any], BatchResponse]:
    """Return the Lambda handler that gives a table's changes to `process`.

    The whole batch is tried first. If that fails, its records are tried one by one in order, up
    to the first that fails: that one is reported, and Lambda delivers it and its successors
    again. So `process` meets a change more than once, and has to leave the same behind each time.

    If the first of several records fails, the handler raises BatchFailedError: Lambda then halves
    the batch until the record is alone. That a batch is halved whose first record is reported,
    AWS does not document (Lambda developer guide, services-ddb-batchfailurereporting,
    "Bisecting a batch"), and a batch that is not halved would be given up whole.

    Parameters
    ----------
    shape
        What the items come as.
    process
        Takes changes in order; raises if any of them could not be dealt with.
    table
        The table, where the system's functions read several streams of such items.

    Raises
    ------
    DeclarationError
        If no function of the system, or more than one table's, reads a stream of such items.
    """
    consumer = _Consumer(
        reader=ChangeReader(table or _table_of(system, shape), shape),
        process=process,
        logger=logger or Logger(service=system.name),
    )
    return consumer.handle


class _Consumer(msgspec.Struct, frozen=True):
    reader: ChangeReader[Any]
    process: Process[Any]
    logger: Logger

    def handle(self, event: Mapping[str, Any], context: Any) -> BatchResponse:
        """Return what Lambda calls: which record it has to deliver again, if any.

        Raises
        ------
        BatchFailedError
            If the first of several records failed.
        """
        try:
            return self._respond(event["Records"], context)
        finally:
            meter.flush()

    def _respond(self, records: Sequence[Mapping[str, Any]], context: Any) -> BatchResponse:
        started = time.perf_counter()
        changes = self._readable(records)
        done = self._processed(changes)
        self.logger.info(
            "batch",
            extra={
                "records": len(records),
                "processed": done,
                "duration_ms": round((time.perf_counter() - started) * 1000, 2),
                "function_request_id": getattr(context, "aws_request_id", ""),
            },
        )
        if done == len(records):
            return {"batchItemFailures": []}
        failed = records[done]["dynamodb"]["SequenceNumber"]
        if done == 0 and len(records) > 1:
            raise BatchFailedError(
                "Records[0]",
                f"the record {failed} failed, so none of {len(records)} records was processed.",
                "Lambda delivers the halves of the batch again. The log holds the reason.",
            )
        return {"batchItemFailures": [{"itemIdentifier": failed}]}

    def _readable(self, records: Sequence[Mapping[str, Any]]) -> list[Change[Any]]:
        """Return the changes up to the first record that cannot be read."""
        changes: list[Change[Any]] = []
        for record in records:
            try:
                changes.append(self.reader.read(record))
            except ItemUnreadableError as error:
                self._log("unreadable record", record["dynamodb"]["SequenceNumber"], error)
                break
        return changes

    def _processed(self, changes: Sequence[Change[Any]]) -> int:
        """Return how many of them were dealt with, from the first on."""
        if not changes:
            return 0
        try:
            self.process(changes)
            return len(changes)
        except Exception as error:  # noqa: BLE001 - whatever it is, the log has it
            self._log("batch failed", changes[0].sequence, error)
        if len(changes) == 1:
            return 0
        for done, change in enumerate(changes):
            try:
                self.process([change])
            except Exception as error:  # noqa: BLE001 - the log has it, and Lambda is told
                self._log("change failed", change.sequence, error)
                return done
        return len(changes)

    def _log(self, what: str, sequence: str, error: Exception) -> None:
        fields = {"sequence": sequence, "error": type(error).__name__}
        self.logger.exception(what, extra=fields)


def _table_of(system: System, shape: type[msgspec.Struct]) -> Table:
    """Return the one table that holds such items and whose stream a function reads."""
    streams = {f.source.table.name: f.source.table for f in system.functions if f.source}
    holding = [t for t in streams.values() if any(kind.shape is shape for kind in t.kinds)]
    found = holding or list(streams.values())
    if len(found) == 1:
        return found[0]
    raise DeclarationError(
        f"{system.name}.functions",
        f"read {len(found)} streams that {shape.__name__} may come from: "
        f"{', '.join(t.name for t in found) or 'none'}.",
        "Declare a source=StreamSource(...)." if not found else "Name the table with table=.",
    )
