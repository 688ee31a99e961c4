"""What every access pattern took and cost, from the metrics that the functions emitted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from keyline.model import Pattern, System, TransactGet, TransactWrite
from keyline.run.meter import NAMESPACE

_ROUNDING = 1e-6
_WIDEST = 400


@dataclass
class Row:
    """One access pattern's calls.

    Attributes
    ----------
    read_units, write_units
        Request units that all calls consumed, the indexes' included.
    floor
        The units that the sizes of the items imply, over the calls whose floor is known.
    measured
        The units of just those calls, to compare with the floor.
    p50, p99
        Milliseconds as the function saw them, from request to typed result.
    errors
        Calls that failed otherwise than by a condition that the pattern declares.
    reason
        Why the pattern may cost more than its floor, where it may.
    """

    system: str
    pattern: str
    operation: str
    target: str
    reason: str | None
    calls: int = 0
    p50: float = 0.0
    p99: float = 0.0
    read_units: float = 0.0
    write_units: float = 0.0
    floor: float = 0.0
    measured: float = 0.0
    items: int = 0
    errors: int = 0
    latencies: list[float] = field(default_factory=list, repr=False)

    @property
    def fault(self) -> str | None:
        """What is wrong with the pattern's run, if anything."""
        if not self.calls:
            return "never ran"
        if self.errors:
            return f"{self.errors} of {self.calls} calls failed"
        if self.measured > self.floor + _ROUNDING and not self.reason:
            return f"consumed {self.measured:g} units where the item sizes imply {self.floor:g}"
        return None


def collect(systems: Sequence[System], documents: Iterable[Mapping[str, Any]]) -> list[Row]:
    """One row for each pattern of each system, from EMF documents of the meter.

    A part of a transaction runs under the transaction's name and has no row of its own.
    """
    rows = {
        (system.name, pattern.name): _empty(system, pattern)
        for system in systems
        for pattern in _called(system)
    }
    for document in documents:
        row = rows.get((document.get("System", ""), document.get("Pattern", "")))
        if row is not None and _namespace(document) == NAMESPACE:
            _add(row, document)
    for row in rows.values():
        row.p50, row.p99 = _percentile(row.latencies, 50), _percentile(row.latencies, 99)
    return list(rows.values())


def _called(system: System) -> list[Pattern[Any]]:
    direct = {id(p): p for function in system.functions for p in function.patterns}
    return list(direct.values())


def _empty(system: System, pattern: Pattern[Any]) -> Row:
    if isinstance(pattern, TransactWrite | TransactGet):
        tables = dict.fromkeys(part.table.name for part in pattern.parts)
        target = " + ".join(tables)
    else:
        target = pattern.table.name + (f"/{pattern.index_name}" if pattern.index_name else "")
    return Row(system.name, pattern.name, pattern.operation, target, pattern.above_floor)


def _namespace(document: Mapping[str, Any]) -> str:
    blocks = document.get("_aws", {}).get("CloudWatchMetrics", [])
    return str(blocks[0].get("Namespace", "")) if blocks else ""


def _values(document: Mapping[str, Any], name: str) -> list[float]:
    value = document.get(name, [])
    return [float(v) for v in (value if isinstance(value, list) else [value])]


def _add(row: Row, document: Mapping[str, Any]) -> None:
    latencies = _values(document, "Latency")
    reads, writes = _values(document, "ReadUnits"), _values(document, "WriteUnits")
    row.calls += len(latencies)
    row.latencies += latencies
    row.read_units += sum(reads)
    row.write_units += sum(writes)
    row.items += int(sum(_values(document, "Items")))
    row.errors += int(sum(_values(document, "Errors")))
    for floor, read, write in zip(document.get("Floor", []), reads, writes, strict=False):
        if floor is not None:
            row.floor += floor
            row.measured += read + write


def _percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile; 0 of nothing."""
    if not values:
        return 0.0
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(0, int(rank) - 1)]


def show(rows: Sequence[Row], console: Console) -> None:
    """Print the rows as a table, then what is wrong with them."""
    table = Table(
        title="Access patterns", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False
    )
    for name in ("system", "pattern", "operation", "table / index"):
        table.add_column(name, no_wrap=True)
    for name in ("calls", "p50 ms", "p99 ms", "RRU", "WRU", "floor", "items"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*_cells(row), style="red" if row.fault else None)
    _print_whole(table, console)
    for row in rows:
        if row.reason and row.measured > row.floor + _ROUNDING:
            console.print(f"  {row.pattern}: above its floor, as declared: {row.reason}")
    for row in rows:
        if row.fault:
            console.print(f"[red]✗ {row.system} {row.pattern}: {row.fault}[/red]")


def _print_whole(table: Table, console: Console) -> None:
    """Print a table in its natural width: a narrow terminal wraps lines, names stay whole."""
    width = console.measure(table, options=console.options.update(width=_WIDEST)).maximum
    Console(file=console.file, width=max(console.width, width)).print(table)


def _cells(row: Row) -> tuple[str, ...]:
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
        f"{row.floor:,.1f}" if row.floor else "?",
        f"{row.items:,}",
    )


def write(rows: Sequence[Row], path: Path, context: Mapping[str, Any]) -> None:
    """Write the rows as JSON, with what they were measured on."""
    patterns = [
        {**{k: v for k, v in asdict(row).items() if k != "latencies"}, "fault": row.fault}
        for row in rows
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**context, "patterns": patterns}, indent=2) + "\n")
