"""The growth of tables: a daily snapshot of their sizes, and growth over 30 days.

DynamoDB publishes no metric of a table's size. A system declares a table of snapshots,
the patterns on it and a scheduled function that describes its tables:

    SIZES = growth_table("ChatTableSizes")
    GROWTH = Growth(SIZES)
    TABLE_SIZES = GROWTH.function("chat", MESSAGES, ROLLUPS)

The module of the function's handler, `chat.handlers.table_sizes`, is one line of
`keyline.growth.measure`:

    handler = handler_of(SYSTEM, GROWTH)
"""

from __future__ import annotations

from functools import cached_property

import msgspec

from keyline.model import Function, Key, Put, Query, Retention, Table, Ttl, between

HISTORY_DAYS = 30
"""Growth is told against a snapshot at least this old: a month over a month."""
OLDEST_DAYS = 45
"""A snapshot older than this no longer stands for a month ago."""
KEPT_DAYS = 400
"""How long a snapshot is kept."""

FUNCTION = "table-sizes"
"""The name of the function that takes the snapshots."""

_ITEM_BYTES = 400


class SizeSnapshot(msgspec.Struct, kw_only=True):
    """The size of a table on one UTC day, as DynamoDB said: it looks about every six hours.

    Attributes
    ----------
    tableName
        The table's name in the declaration.
    day
        `2026-01-31`.
    tableBytes, indexBytes
        Bytes of the table, and of each index by name.
    items
        Items in the table.
    """

    tableName: str
    day: str
    tableBytes: int
    indexBytes: dict[str, int]
    items: int

    @property
    def total_bytes(self) -> int:
        """Return what is stored and billed: the table and all its indexes."""
        return self.tableBytes + sum(self.indexBytes.values())


def growth_table(name: str) -> Table:
    """Return a table for a system's size snapshots.

    Parameters
    ----------
    name
        The table's name in the declaration; at least three characters.
    """
    return Table(
        name,
        """Key design:
        tableName / day: a table's snapshots in order, so that the one of a month ago is one
        Query of a single item. A second snapshot of a day takes the place of the first.
        """,
        key=Key("tableName", "day"),
        entities=[SizeSnapshot],
        ttl=Ttl("ttl", Retention(days=KEPT_DAYS)),
        physical="{name}{-env}",
    )


class Growth(msgspec.Struct, frozen=True, dict=True):
    """The access patterns on a table of size snapshots.

    Parameters
    ----------
    table
        Made by `growth_table`.
    """

    table: Table

    def __post_init__(self) -> None:
        _ = self.put, self.past  # a table that they do not fit is refused here

    @cached_property
    def put(self) -> Put[SizeSnapshot]:
        """The pattern that keeps a snapshot."""
        return Put(
            name="table-size-put",
            why="Keep what a table's size was today.",
            table=self.table,
            shape=SizeSnapshot,
            replace=True,
            item_bytes=_ITEM_BYTES,
            per_month=60,
        )

    @cached_property
    def past(self) -> Query[SizeSnapshot]:
        """The pattern that reads the latest snapshot of at least 30 days ago."""
        return Query(
            name="table-size-past",
            why="The latest snapshot that is at least 30 days old, to tell growth by.",
            table=self.table,
            shape=SizeSnapshot,
            sort=between("day"),
            descending=True,
            page=1,
            items=1,
            item_bytes=_ITEM_BYTES,
            per_month=60,
        )

    def function(self, system: str, *tables: Table) -> Function:
        """Declare the function that takes a snapshot of each table once a day.

        Parameters
        ----------
        system
            The system's name. The handler is `<system>.handlers.table_sizes.handler`.
        tables
            The tables to watch.
        """
        what = "table sizes, and reports how fast the tables grow"
        if len(tables) == 1:
            what = "the table's size, and reports how fast the table grows"
        return Function(
            name=FUNCTION,
            handler=f"{system}.handlers.table_sizes.handler",
            why=f"Keeps a daily snapshot of {what}.",
            patterns=(self.put, self.past),
            schedule="rate(1 day)",
            describes=tables,
            memory=256,
            timeout=30,
        )
