"""The deployed tables, as a table on a terminal or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from keyline_ops.deployed import Deployed, Owned
from keyline_ops.printing import print_whole, table
from keyline_ops.tables.describe import Seen, describe, differences


@dataclass(frozen=True)
class TableRow:
    """A declared table and what is deployed of it.

    Attributes
    ----------
    seen
        None if it is not deployed.
    differs
        Where it is not as declared.
    """

    system: str
    table: str
    name: str
    seen: Seen | None
    differs: tuple[str, ...]


def listed(where: Deployed, tables: Sequence[Owned]) -> list[TableRow]:
    """Return each table as it is deployed in an environment.

    Raises
    ------
    KeylineError
        If AWS refuses, or does not answer.
    """
    client = where.client()
    return [_row(where, client, owned) for owned in tables]


def _row(where: Deployed, client: Any, owned: Owned) -> TableRow:
    name = where.name_of(owned)
    seen = describe(where, client, name)
    differs = ["is not deployed"] if seen is None else differences(owned, where.environment, seen)
    return TableRow(owned.system.name, owned.table.name, name, seen, tuple(differs))


def to_json(row: TableRow) -> dict[str, Any]:
    """Return a row as JSON; null is what is off, or was not asked."""
    told: dict[str, Any] = {"system": row.system, "table": row.table, "name": row.name}
    if (seen := row.seen) is not None:
        recovery = seen.recovery
        told |= {
            "status": seen.status,
            "arn": seen.arn,
            "items": seen.items,
            "bytes": seen.bytes,
            "counted": seen.counted,
            "indexes": [
                {"name": i.name, "status": i.status, "items": i.items, "bytes": i.bytes}
                for i in seen.indexes
            ],
            "ttl": seen.ttl,
            "stream": seen.stream,
            "protected": seen.protected,
            "encryption": seen.encryption,
            "recovery": recovery
            and {"days": recovery.days, "earliest": recovery.earliest, "latest": recovery.latest},
            "tags": seen.tags,
        }
    return {**told, "differs": list(row.differs)}


def show(rows: Sequence[TableRow], console: Console) -> None:
    """Print the tables with their indexes, then what is not as declared."""
    columns = ("system", "table / index", "status", "items", "bytes")
    more = ("TTL", "recovery", "stream", "protected")
    shown = table("Tables", (*columns, *more), numbers=("items", "bytes"))
    for row in rows:
        _add(shown, row)
    print_whole(shown, console)
    counted = {row.seen.counted for row in rows if row.seen}
    for age in sorted(counted):
        console.print(Text(f"  items and bytes are as DynamoDB last counted: {age}"))
    for row in rows:
        for line in row.differs:
            console.print(Text(f"✗ {row.name}: {line}", "red"), soft_wrap=True)


def _add(table: Table, row: TableRow) -> None:
    seen = row.seen
    if seen is None:
        table.add_row(row.system, row.name, "MISSING", style="red")
        return
    table.add_row(
        row.system,
        row.name,
        seen.status,
        f"{seen.items:,}",
        f"{seen.bytes:,}",
        seen.ttl or "",
        f"{seen.recovery.days} days" if seen.recovery and seen.recovery.days else "",
        seen.stream or "",
        "yes" if seen.protected else "",
        style="red" if row.differs else None,
    )
    for index in seen.indexes:
        table.add_row("", f"  {index.name}", index.status, f"{index.items:,}", f"{index.bytes:,}")
