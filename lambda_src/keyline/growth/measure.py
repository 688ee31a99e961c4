"""The work of a table-sizes function: describe, remember, compare with a month ago."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from keyline.growth.declare import FUNCTION, HISTORY_DAYS, OLDEST_DAYS, Growth, SizeSnapshot
from keyline.metrics import Metrics, MetricUnit
from keyline.model import INDEX_SIZE, STORAGE_GROWTH, TABLE_SIZE, System, Table
from keyline.run import Connection, Sender, Store, dynamodb_client, flush

Describe = Callable[[str], Mapping[str, Any]]
"""A table's deployed name → what DynamoDB says of it (DescribeTable's `Table`)."""
Handler = Callable[[Mapping[str, Any], Any], Mapping[str, Any]]


def dynamodb_describe(sender: Sender) -> Describe:
    """Return DescribeTable of the account the function runs in."""

    def describe(name: str) -> Mapping[str, Any]:
        reply = sender.send("DescribeTable", {"TableName": name})
        found: Mapping[str, Any] = msgspec.json.decode(reply.body)["Table"]
        return found

    return describe


class SizeWatch(msgspec.Struct, frozen=True):
    """Keeps a daily snapshot of table sizes and publishes sizes and growth.

    Parameters
    ----------
    tables
        The tables to watch.
    """

    store: Store
    growth: Growth
    tables: Sequence[Table]
    describe: Describe
    metrics: Metrics

    def run(self, now: float) -> list[SizeSnapshot]:
        """Take today's snapshots.

        Growth is published where there is a snapshot at least 30 and at most 45 days old
        of a table that was not empty.

        Parameters
        ----------
        now
            Epoch seconds.
        """
        return [self._watch(table, datetime.fromtimestamp(now, UTC)) for table in self.tables]

    def _watch(self, table: Table, now: datetime) -> SizeSnapshot:
        said = self.describe(self.store.table_name(table))
        snapshot = snapshot_of(table.name, said, now.date().isoformat())
        self.store.put(self.growth.put, snapshot)
        self._publish(snapshot)
        past = self._past(table.name, now)
        percent = growth_percent(past, snapshot) if past else None
        if percent is not None:
            self.metrics.put(STORAGE_GROWTH, percent, MetricUnit.Percent, Table=table.name)
        return snapshot

    def _past(self, name: str, now: datetime) -> SizeSnapshot | None:
        oldest, latest = (
            (now.date() - timedelta(days=days)).isoformat() for days in (OLDEST_DAYS, HISTORY_DAYS)
        )
        page = self.store.query(self.growth.past, limit=1, tableName=name, day=(oldest, latest))
        return page.items[0] if page.items else None

    def _publish(self, snapshot: SizeSnapshot) -> None:
        name, unit = snapshot.tableName, MetricUnit.Bytes
        self.metrics.put(TABLE_SIZE, snapshot.tableBytes, unit, Table=name)
        for index, size in snapshot.indexBytes.items():
            self.metrics.put(INDEX_SIZE, size, unit, Table=name, Index=index)


def handler_of(system: System, growth: Growth) -> Handler:
    """Make the Lambda handler of a system's function `table-sizes`.

    The handler takes a snapshot of each table that the function is declared to describe. The
    answer, the bytes of each table, is for the log.

    Raises
    ------
    DeclarationError
        If the system has no such function.
    KeylineError
        If the function's environment variables are missing.
    """
    client = dynamodb_client()
    store = Store.for_function(system, client=client)
    watch = SizeWatch(
        store=store,
        growth=growth,
        tables=system.function(FUNCTION).describes,
        describe=dynamodb_describe(Connection(client)),
        metrics=Metrics(store.environment, system),
    )

    def handler(event: Mapping[str, Any], context: Any) -> Mapping[str, Any]:
        """Take today's snapshots."""
        try:
            snapshots = watch.run(time.time())
        finally:
            flush()
        return {"tables": {s.tableName: s.total_bytes for s in snapshots}}

    return handler


def snapshot_of(name: str, said: Mapping[str, Any], day: str) -> SizeSnapshot:
    """Return a snapshot from what DescribeTable says."""
    return SizeSnapshot(
        tableName=name,
        day=day,
        tableBytes=said.get("TableSizeBytes", 0),
        indexBytes={
            index["IndexName"]: index.get("IndexSizeBytes", 0)
            for index in said.get("GlobalSecondaryIndexes", ())
        },
        items=said.get("ItemCount", 0),
    )


def growth_percent(past: SizeSnapshot, now: SizeSnapshot) -> float | None:
    """Return by how many percent storage grew, indexes included; None where there was nothing.

    The growth is of the days between the two snapshots, however many these are (30 to 45).
    """
    if past.total_bytes == 0:
        return None
    return (now.total_bytes - past.total_bytes) / past.total_bytes * 100
