"""Costs of a growing system: by the items of months, and from a million items to a billion.

A table grows until as many items expire as are created. More items come with more calls: both are
taken to grow alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from rich.console import Console

from keyline.errors import KeylineError
from keyline_ops.costs.chart import lines
from keyline_ops.costs.estimate import Estimate
from keyline_ops.costs.forecast import Forecast
from keyline_ops.printing import print_whole, table

SIZES = (1e6, 1e7, 1e8, 1e9)
"""Items of all tables of a system."""
MONTHS = (1, 3, 6, 12, 24, 36)


@dataclass(frozen=True)
class Point:
    """The cost of a month at one size: at most, in USD.

    Attributes
    ----------
    months
        For how long items have been created.
    items
        Stored in all tables.
    times
        How many times the usage that was asked about.
    gb
        Of tables and indexes.
    storage_usd
        With recovery.
    """

    system: str
    months: float
    items: float
    times: float
    gb: float
    requests_usd: float
    storage_usd: float
    services_usd: float
    usd: float

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)


def over_sizes(estimate: Estimate, sizes: Sequence[float] = SIZES) -> list[Point]:
    """Compute a month at each number of items.

    Raises
    ------
    KeylineError
        If nothing says how many items the system stores.
    """
    now = estimate.forecast()
    if not now.items:
        raise KeylineError(
            estimate.system.name,
            "no pattern with a rate creates items, so that nothing says what a size means.",
            "Declare per_month, or say --stored TABLE=ITEMS.",
        )
    factors = [size / now.items for size in sizes]
    return [
        _point(estimate.forecast(estimate.usage.times(each)), estimate, each) for each in factors
    ]


def over_months(estimate: Estimate, months: Sequence[float] = MONTHS) -> list[Point]:
    """Compute the month after so many months in which items have been created."""
    usages = [replace(estimate.usage, months=each) for each in months]
    return [_point(estimate.forecast(each), estimate, 1.0, each.months) for each in usages]


def _point(found: Forecast, estimate: Estimate, times: float, months: float | None = None) -> Point:
    return Point(
        found.system,
        estimate.usage.months if months is None else months,
        found.items,
        times,
        sum(row.table_gb.most + row.index_gb.most for row in found.tables),
        found.requests_usd.most,
        found.storage_usd.most,
        found.services_usd.most,
        found.usd.most,
    )


# ------------------------------------------------------------------------------ how it is said

_SUMS = ("GB", "requests USD", "storage USD", "beside DynamoDB USD", "USD a month")
_NOTES = (
    "At most. Storage is with recovery. More items come with more calls: both grow alike.",
    "What has no tiers in the price file has none here: a large bill has discounts.",
)


def show(points: Sequence[Point], console: Console) -> None:
    """Print the points as a table."""
    numbers = ("months", "items", *_SUMS)
    rows = table("A month as a system grows", ("system", *numbers), numbers)
    for point in points:
        rows.add_row(*_cells(point))
    print_whole(rows, console)
    for note in _NOTES:
        console.print(note)


def markdown(points: Sequence[Point]) -> str:
    """Return the points as a table of Markdown."""
    columns = ("system", "months", "items", *_SUMS)
    written = [f"| {' | '.join(columns)} |", f"|---{'|--:' * (len(columns) - 1)}|"]
    written += [f"| {' | '.join(_cells(point))} |" for point in points]
    return "\n".join([*written, "", *_NOTES])


def _cells(point: Point) -> tuple[str, ...]:
    sums = (point.requests_usd, point.storage_usd, point.services_usd, point.usd)
    return (
        *(point.system, f"{point.months:g}", f"{point.items:,.0f}", f"{point.gb:,.2f}"),
        *(f"{usd:,.2f}" for usd in sums),
    )


def chart(points: Sequence[Point], *, by_size: bool) -> str:
    """Draw what a month costs, a line for each system."""
    series: dict[str, list[tuple[float, float]]] = {}
    for point in points:
        at = point.items if by_size else point.months
        series.setdefault(point.system, []).append((at, point.usd))
    if by_size:
        return lines("A month from a million items to a billion", "items", "USD a month", series)
    return lines("A month as items are kept", "months", "USD a month", series)
