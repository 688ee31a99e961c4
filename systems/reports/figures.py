"""What the reports specification says of cost (K-49 to K-52), computed from the declaration."""

from __future__ import annotations

from collections.abc import Iterator

from keyline.model import STORAGE_OVERHEAD_BYTES
from keyline_ops.costs import figures
from keyline_ops.costs.figures import Row, at_both_prices
from keyline_ops.costs.forecast import HORIZON_MONTHS, Forecast, forecast
from keyline_ops.costs.prices import CURRENT, Prices
from reports.patterns import REPORT_BYTES
from reports.system import SYSTEM
from reports.tables import REPORTS

FREE_GB = 25
"""Gigabytes of storage that are free in an account and region, whatever the billing mode."""


def month(prices: Prices = CURRENT) -> Forecast:
    """The forecast of the declared month, with the default settings."""
    return forecast(SYSTEM, SYSTEM.settings(), prices)


def reads_usd(prices: Prices) -> float:
    """What the month's reads cost at most."""
    return sum(row.usd.most for row in month(prices).patterns if row.kind == "read")


def writes_usd(prices: Prices) -> float:
    """What the month's writes cost at most."""
    return sum(row.usd.most for row in month(prices).patterns if row.kind == "write")


def idle_usd(prices: Prices) -> float:
    """What a month without a call costs at most: what is stored, and its recovery."""
    return month(prices).storage_usd.most


def stored_bytes() -> int:
    """Bytes that DynamoDB bills for one report: in the table and in the index, with overhead."""
    return (REPORT_BYTES + STORAGE_OVERHEAD_BYTES) * (1 + len(REPORTS.indexes))


def rows() -> Iterator[Row]:
    """The figures of the specification, computed at today's prices and at those before."""
    yield Row(
        "K-49",
        "a million reads",
        "$0.25",
        "1 M read units: 4 KB each; an eventually consistent read takes half of one",
        *at_both_prices(lambda p: p.read_million, 3),
        "wrong: the price before November 2024; and of units, not of reads",
    )
    yield Row(
        "K-49",
        "a million writes",
        "$1.25",
        "1 M write units: 1 KB each, and again in each index",
        *at_both_prices(lambda p: p.write_million, 3),
        "wrong: likewise; storing a report takes two",
    )
    yield Row(
        "K-49",
        "the declared month's reads",
        "-",
        f"{_units('read')} read units",
        *at_both_prices(reads_usd),
        "computed",
    )
    yield Row(
        "K-49",
        "the declared month's writes",
        "-",
        f"{_units('write')} write units",
        *at_both_prices(writes_usd),
        "computed",
    )
    yield Row(
        "K-50",
        "a gigabyte and month",
        "$0.25",
        "$0.25/GB",
        *at_both_prices(lambda p: p.storage),
        f"right; a report of {REPORT_BYTES} B is billed as {stored_bytes():,} B: twice, and 100 B "
        "more each time",
    )
    yield Row(
        "K-51",
        "free storage",
        "25 GB",
        f"{FREE_GB} GB x $0.25, once in an account",
        *at_both_prices(lambda p: FREE_GB * p.storage),
        "right; not taken off here",
    )
    yield Row(
        "K-51",
        "free capacity",
        "25 RCU, 25 WCU",
        "of provisioned tables",
        "$0.00",
        "$0.00",
        "wrong: these tables are on demand, every unit is billed",
    )
    yield Row(
        "K-52",
        f"a month without a call, after {HORIZON_MONTHS} months",
        "no cost",
        "storage and recovery of what is there",
        *at_both_prices(idle_usd),
        "requests cost nothing then; what is stored does",
    )


def markdown() -> str:
    """The figures as a table."""
    return figures.markdown(rows())


def _units(kind: str) -> str:
    most = sum(row.units.most for row in month().patterns if row.kind == kind)
    return f"at most {most / 1000:,.0f} K"
