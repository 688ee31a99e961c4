"""The reports specification's figures of cost (K-49 to K-52), from the declaration."""

from __future__ import annotations

from functools import cache

from keyline.model import STORAGE_OVERHEAD_BYTES
from keyline_ops.costs.figures import Figure, most_units, most_usd
from keyline_ops.costs.forecast import Forecast, forecast
from keyline_ops.costs.prices import CURRENT, Prices
from keyline_ops.costs.usage import HORIZON_MONTHS
from reports.patterns import REPORT_BYTES
from reports.system import SYSTEM
from reports.tables import REPORTS

FREE_GB = 25
"""Gigabytes of storage that are free in an account and region, whatever the billing mode."""
STORED_BYTES = (REPORT_BYTES + STORAGE_OVERHEAD_BYTES) * (1 + len(REPORTS.indexes))
"""Bytes that DynamoDB bills for one report: in the table and in the index, with overhead."""


@cache
def month(prices: Prices = CURRENT) -> Forecast:
    """Return the forecast of the declared month, with the default settings."""
    return forecast(SYSTEM, SYSTEM.settings(), prices)


def reads_usd(prices: Prices) -> float:
    """Return what the month's reads cost at most."""
    return most_usd(month(prices).of_kind("read"))


def writes_usd(prices: Prices) -> float:
    """Return what the month's writes cost at most."""
    return most_usd(month(prices).of_kind("write"))


def idle_usd(prices: Prices) -> float:
    """Return what a month without a call costs at most: what is stored, and its recovery."""
    return month(prices).storage_usd.most


def _units(kind: str) -> str:
    return f"at most {most_units(month().of_kind(kind)) / 1000:,.0f} K {kind} units"


FIGURES = (
    Figure(
        line="K-49",
        what="a million reads",
        said="$0.25",
        formula="1 M read units: 4 KB each; an eventually consistent read takes half of one",
        usd=lambda prices: prices.read_million,
        places=3,
        verdict="wrong: the price before November 2024; and of units, not of reads",
    ),
    Figure(
        line="K-49",
        what="a million writes",
        said="$1.25",
        formula="1 M write units: 1 KB each, and again in each index",
        usd=lambda prices: prices.write_million,
        places=3,
        verdict="wrong: the price before November 2024; storing a report takes three",
    ),
    Figure(
        line="K-49",
        what="the declared month's reads",
        source="forecast",
        formula=_units("read"),
        usd=reads_usd,
        verdict="computed",
    ),
    Figure(
        line="K-49",
        what="the declared month's writes",
        source="forecast",
        formula=_units("write"),
        usd=writes_usd,
        verdict="computed",
    ),
    Figure(
        line="K-50",
        what="a gigabyte and month",
        said="$0.25",
        source="storage",
        formula="$0.25/GB",
        usd=lambda prices: prices.storage,
        verdict=f"right; a report of {REPORT_BYTES} B is billed as {STORED_BYTES:,} B: twice, and "
        "100 B more each time",
    ),
    Figure(
        line="K-51",
        what="free storage",
        said="25 GB",
        source="free tier",
        formula=f"{FREE_GB} GB x $0.25, once in an account",
        usd=lambda prices: FREE_GB * prices.storage,
        verdict="right; not taken off here",
    ),
    Figure(
        line="K-51",
        what="free capacity",
        said="25 RCU, 25 WCU",
        source="free tier",
        formula="of provisioned tables",
        usd=lambda _: 0.0,
        verdict="wrong: these tables are on demand, every unit is billed",
    ),
    Figure(
        line="K-52",
        what=f"a month without a call, after {HORIZON_MONTHS} months",
        said="no cost",
        source="storage",
        formula="storage and recovery of what is there",
        usd=idle_usd,
        verdict="requests cost nothing then; what is stored does",
    ),
)
