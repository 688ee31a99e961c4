"""A forecast, as tables on a terminal or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.text import Text

from keyline_ops.costs.forecast import Forecast
from keyline_ops.costs.units import Bounds
from keyline_ops.printing import print_whole, table


def as_json(forecasts: Sequence[Forecast]) -> list[dict[str, Any]]:
    """The forecasts with their sums; every range as `least` and `most`."""
    return [
        {
            **asdict(each),
            "tables": [
                {**asdict(row), "usd": asdict(each.table_usd(row.table))} for row in each.tables
            ],
            "requests_usd": asdict(each.requests_usd),
            "storage_usd": asdict(each.storage_usd),
            "usd": asdict(each.usd),
        }
        for each in forecasts
    ]


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
    console.print(Text(f"{each.system}: {_said(each.usd, '{:,.3f}')} USD a month", "bold"))
    console.print(Text(f"  at the prices since {each.prices}; a range is from least to most."))
    console.print(Text("  Each figure is rounded alone, so the last digit of a sum may differ."))
    for note in (*each.warnings, *each.unknown, *each.assumptions):
        console.print(Text(f"  {note}"), soft_wrap=True)
    console.print()


def _said(span: Bounds, form: str) -> str:
    least, most = form.format(span.least), form.format(span.most)
    return least if least == most else f"{least} to {most}"
