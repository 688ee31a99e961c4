"""The report of what every access pattern took and cost, from the functions' metrics."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from operator import add
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from keyline.model import NAMESPACE, Pattern, System, most_write_units
from keyline.percentile import percentile
from keyline_ops.printing import print_whole, table
from keyline_ops.written import write_text

_ROUNDING = 1e-6


@dataclass
class PatternRow:
    """One access pattern's calls.

    Attributes
    ----------
    read_units, write_units
        Request units that all calls consumed, the indexes' included.
    floor
        The units that the sizes of the items imply. What a change costs depends on the item as
        it was, which some answers do not tell: those calls count with the most that the declared
        size implies, and the row is `bounded`.
    p50, p99
        Milliseconds as the function saw them, from request to typed result.
    errors
        Calls that failed, and not by a condition that the pattern declares.
    reason
        Why the pattern may cost more than its floor, where it may.
    on_old_data
        Whether the system's data was there already, so that what only loads it did not run.
    """

    system: str
    pattern: str
    operation: str
    target: str
    reason: str | None
    on_old_data: bool = False
    calls: int = 0
    p50: float = 0.0
    p99: float = 0.0
    read_units: float = 0.0
    write_units: float = 0.0
    floor: float = 0.0
    bounded: bool = False
    items: int = 0
    errors: int = 0
    latencies: list[float] = field(default_factory=list, repr=False)

    @property
    def fault(self) -> str | None:
        """Return what is wrong with the pattern's run, if anything."""
        if not self.calls:
            return None if self.on_old_data else "never ran"
        if self.errors:
            return f"{self.errors} of {self.calls} calls failed"
        if self.above and not self.reason:
            return f"consumed {self.units:g} units where the item sizes imply {self.floor:g}"
        return None

    @property
    def units(self) -> float:
        """Read and write units of all calls."""
        return self.read_units + self.write_units

    @property
    def above(self) -> bool:
        """Return whether the calls consumed more than the sizes of the items imply."""
        return self.units > self.floor + _ROUNDING


def collect(
    systems: Sequence[System],
    documents: Iterable[Mapping[str, Any]],
    old: Collection[str] = (),
) -> list[PatternRow]:
    """Return one row for each pattern of each system, from EMF documents of the meter.

    A part of a transaction runs under the transaction's name and has no row of its own.

    Parameters
    ----------
    old
        The names of the systems whose data was there already.
    """
    called = {
        (system.name, pattern.name): (pattern, _empty(system, pattern, system.name in old))
        for system in systems
        for pattern in system.called
    }
    for document in documents:
        found = called.get((document.get("System", ""), document.get("Pattern", "")))
        if found is not None and _namespace(document) == NAMESPACE:
            _add(*found, document)
    rows = [row for _, row in called.values()]
    for row in rows:
        if row.latencies:
            ordered = sorted(row.latencies)
            row.p50, row.p99 = percentile(ordered, 0.5), percentile(ordered, 0.99)
    return rows


def _empty(system: System, pattern: Pattern[Any], on_old_data: bool) -> PatternRow:
    return PatternRow(
        system.name,
        pattern.name,
        pattern.operation,
        pattern.target,
        pattern.above_floor,
        on_old_data,
    )


def _namespace(document: Mapping[str, Any]) -> str:
    blocks = document.get("_aws", {}).get("CloudWatchMetrics", [])
    return str(blocks[0].get("Namespace", "")) if blocks else ""


def _values(document: Mapping[str, Any], name: str) -> list[float]:
    value = document.get(name, [])
    return [float(v) for v in (value if isinstance(value, list) else [value])]


def _add(pattern: Pattern[Any], row: PatternRow, document: Mapping[str, Any]) -> None:
    latencies = _values(document, "Latency")
    reads, writes = _values(document, "ReadUnits"), _values(document, "WriteUnits")
    row.calls += len(latencies)
    row.latencies += latencies
    row.read_units += sum(reads)
    row.write_units += sum(writes)
    items = _values(document, "Items")
    row.items += int(sum(items))
    row.errors += int(sum(_values(document, "Errors")))
    floors = document.get("Floor") or [None] * len(latencies)
    for floor, count, units in zip(floors, items, map(add, reads, writes), strict=True):
        if floor is None and units:
            row.bounded = True
            floor = _most(pattern) * max(1, count)
        row.floor += floor or 0.0


def _most(pattern: Pattern[Any]) -> float:
    """Return the units that the declared size implies.

    A read has none: its answer tells its floor.
    """
    return 0.0 if pattern.reads else most_write_units(pattern)


def show(rows: Sequence[PatternRow], console: Console) -> None:
    """Print the rows as a table, then what is wrong with them."""
    numbers = ("calls", "p50 ms", "p99 ms", "RRU", "WRU", "floor", "items")
    columns = ("system", "pattern", "operation", "table / index", *numbers)
    shown = table("Access patterns", columns, numbers)
    for row in rows:
        shown.add_row(*_cells(row), style="red" if row.fault else None)
    print_whole(shown, console)
    for row in rows:
        if row.reason and row.above:
            console.print(Text(f"  {row.pattern}: above its floor, as declared: {row.reason}"))
    for row in rows:
        if row.on_old_data and not row.calls:
            console.print(Text(f"  {row.system} {row.pattern}: not run again on old data", "dim"))
    for row in rows:
        if row.fault:
            console.print(Text(f"✗ {row.system} {row.pattern}: {row.fault}", "red"))


def _cells(row: PatternRow) -> tuple[str, ...]:
    return (
        row.system,
        row.pattern,
        row.operation,
        row.target,
        f"{row.calls:,}",
        f"{row.p50:.1f}",
        f"{row.p99:.1f}",
        f"{row.read_units:,.1f}" if row.read_units else "",
        f"{row.write_units:,.1f}" if row.write_units else "",
        f"{'≤ ' if row.bounded else ''}{row.floor:,.1f}",
        f"{row.items:,}",
    )


def write(rows: Sequence[PatternRow], path: Path, context: Mapping[str, Any]) -> None:
    """Write the rows as JSON, with what they were measured on."""
    patterns = [
        {**{k: v for k, v in asdict(row).items() if k != "latencies"}, "fault": row.fault}
        for row in rows
    ]
    write_text(path, json.dumps({**context, "patterns": patterns}, indent=2) + "\n")
