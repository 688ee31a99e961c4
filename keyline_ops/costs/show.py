"""A forecast, as tables on a terminal or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from rich.console import Console
from rich.text import Text

from keyline_ops.costs.forecast import Forecast
from keyline_ops.costs.units import Bounds
from keyline_ops.printing import print_whole, table


def as_json(forecasts: Sequence[Forecast]) -> list[dict[str, Any]]:
    """Return the forecasts with their sums; every range as `least` and `most`."""
    return [
        {
            **_plain(each),
            "tables": [
                {**asdict(row), "usd": asdict(each.table_usd(row.table))} for row in each.tables
            ],
            "indexes": [{**asdict(row), "usd": asdict(row.usd)} for row in each.indexes],
            "capacity": [
                {**asdict(row), "usd": asdict(row.usd), "cheaper": row.cheaper}
                for row in each.capacity
            ],
            "requests_usd": asdict(each.requests_usd),
            "storage_usd": asdict(each.storage_usd),
            "services_usd": asdict(each.services_usd),
            "usd": asdict(each.usd),
        }
        for each in forecasts
    ]


def _plain(each: Forecast) -> dict[str, Any]:
    """Return a forecast for JSON, whose keys are text alone."""
    plain = asdict(replace(each, patterns=()))
    patterns = [asdict(replace(row, units_by_place={})) for row in each.patterns]
    for row in patterns:
        del row["units_by_place"]
    return {**plain, "patterns": patterns}


def show(each: Forecast, console: Console) -> None:
    """Print a forecast: patterns, tables, the sum, and what stands behind it."""
    numbers = ("calls", "units a call", "units", "USD")
    patterns = table(
        f"{each.system}: a month's calls",
        ("pattern", "operation", "table / index", *numbers),
        numbers,
    )
    for row in each.patterns:
        patterns.add_row(
            row.pattern,
            row.operation,
            row.target,
            "not declared" if row.calls is None else f"{row.calls:,.0f}",
            f"{_said(row.units_per_call, '{:,.1f}')} {row.kind}",
            _said(row.units, "{:,.0f}"),
            _said(row.usd, "{:,.3f}"),
        )
    sums = ("items", "GB", "indexes GB", "storage USD", "recovery USD", "with its calls USD")
    tables = table(f"{each.system}: a month's storage", ("table", "items are", *sums), sums)
    for stored in each.tables:
        tables.add_row(
            stored.table,
            stored.basis,
            _said(stored.items, "{:,.0f}"),
            _said(stored.table_gb, "{:,.3f}"),
            _said(stored.index_gb, "{:,.3f}"),
            _said(stored.storage_usd, "{:,.3f}"),
            _said(stored.recovery_usd, "{:,.3f}"),
            _said(each.table_usd(stored.table), "{:,.3f}"),
        )
    print_whole(patterns, console)
    print_whole(tables, console)
    _show_indexes(each, console)
    _show_capacity(each, console)
    _show_services(each, console)
    console.print(Text(f"{each.system}: {_said(each.usd, '{:,.3f}')} USD a month", "bold"))
    console.print(Text(f"  at the prices since {each.prices}; a range is from least to most."))
    console.print(Text("  Each figure is rounded alone, so the last digit of a sum may differ."))
    if not each.services:
        console.print(Text("  DynamoDB alone, without what is billed beside it."))
    for note in (*each.warnings, *each.unknown, *each.assumptions):
        console.print(Text(f"  {note}"), soft_wrap=True)
    console.print()


def _show_indexes(each: Forecast, console: Console) -> None:
    sums = ("GB", "storage USD", "write units", "writes USD", "read units", "reads USD", "USD")
    rows = table(f"{each.system}: a month of each index", ("table / index", *sums), sums)
    for row in each.indexes:
        rows.add_row(
            f"{row.table}/{row.index}",
            _said(row.gb, "{:,.3f}"),
            _said(row.storage_usd, "{:,.3f}"),
            _said(row.write_units, "{:,.0f}"),
            _said(row.writes_usd, "{:,.3f}"),
            _said(row.read_units, "{:,.0f}"),
            _said(row.reads_usd, "{:,.3f}"),
            _said(row.usd, "{:,.3f}"),
        )
    if each.indexes:
        print_whole(rows, console)


def _show_capacity(each: Forecast, console: Console) -> None:
    numbers = ("units a second", "on demand USD", "provisioned USD", "peak x")
    columns = ("table / index", "kind", *numbers, "cheaper", "billed")
    rows = table(
        f"{each.system}: on demand or provisioned, if the load is steady", columns, numbers
    )
    for row in each.capacity:
        rows.add_row(
            f"{row.table}/{row.index}" if row.index else row.table,
            row.kind,
            f"{row.units_per_second:,.3f}",
            _said(row.on_demand_usd, "{:,.3f}"),
            _said(row.provisioned_usd, "{:,.3f}"),
            "-" if row.peak is None else f"{row.peak:.1f}",
            row.cheaper,
            row.billing,
        )
    print_whole(rows, console)


def _show_services(each: Forecast, console: Console) -> None:
    numbers = ("number", "USD")
    rows = table(f"{each.system}: a month beside DynamoDB", ("what", *numbers, "from"), numbers)
    for row in each.services:
        form = "{:,.3f}" if row.unit == "GB" else "{:,.0f}"
        number = f"{_said(row.number, form)} {row.unit}" if row.known else "not known"
        rows.add_row(row.what, number, _said(row.usd, "{:,.3f}"), row.basis)
    if each.services:
        print_whole(rows, console)


def _said(span: Bounds, form: str) -> str:
    least, most = form.format(span.least), form.format(span.most)
    return least if least == most else f"{least} to {most}"
