"""The interactions specification's figures of cost (M-52 to M-56), computed from its scenario.

A thousand checks a day of 1 KB, kept for 30 days, each read once as one of a history of ten.
"""

from __future__ import annotations

from functools import cache

import msgspec

from interactions.patterns import CHECK_BYTES, CHECK_CREATE, CHECKS, HISTORY
from interactions.settings import Settings
from interactions.system import SYSTEM
from interactions.tables import DATA
from keyline.model import Function, System
from keyline_ops.costs.figures import Figure, most_units, most_usd
from keyline_ops.costs.forecast import Forecast, forecast
from keyline_ops.costs.prices import CURRENT, GIGABYTE, MILLION, Prices

SPECIFIED = System(
    name=SYSTEM.name,
    title="The month of the specification",
    tables=(DATA,),
    settings=Settings,
    functions=(
        Function(
            name="month",
            handler="interactions.handlers.interactions.handler",
            why="A check is one plain write, and one read of a history.",
            patterns=(msgspec.structs.replace(CHECK_CREATE, per_month=CHECKS), HISTORY),
        ),
    ),
)


@cache
def month(prices: Prices = CURRENT) -> Forecast:
    """Return the forecast of the month that the specification describes."""
    return forecast(SPECIFIED, Settings(), prices)


@cache
def built(prices: Prices = CURRENT) -> Forecast:
    """Return the forecast of the system as it is built, with the default settings."""
    return forecast(SYSTEM, SYSTEM.settings(), prices)


def formula_storage_usd(prices: Prices) -> float:
    """Return what the specification's formula gives for storage: the table alone."""
    return CHECKS * CHECK_BYTES / GIGABYTE * prices.storage


def formula_reads_usd(prices: Prices) -> float:
    """Return what the specification's formula gives for reads: a unit for each check."""
    return CHECKS * prices.read_million / MILLION


def storage_usd(prices: Prices) -> float:
    """Return what the checks cost in the table and in GSI1, without recovery."""
    return month(prices).table(DATA.name).storage_usd.most


def recovery_usd(prices: Prices) -> float:
    """Return what recovery of the checks costs."""
    return month(prices).table(DATA.name).recovery_usd.most


def reads_usd(prices: Prices) -> float:
    """Return what a history for each check costs."""
    return most_usd(month(prices).of_kind("read"))


def writes_usd(prices: Prices) -> float:
    """Return what writing each check costs, in the table and in GSI1."""
    return most_usd(month(prices).of_kind("write"))


def parts_usd(prices: Prices) -> float:
    """Return storage, reads and writes, as the specification adds them up."""
    return storage_usd(prices) + reads_usd(prices) + writes_usd(prices)


def _times(said: float, computed: float) -> str:
    return f"wrong: {said / computed:,.0f} times too high"


_READ, _WRITTEN = (most_units(month().of_kind(kind)) for kind in ("read", "write"))

FIGURES = (
    Figure(
        line="M-52",
        what="checks of a month",
        said="1,000 a day, 30 days, 1 KB",
        source="arithmetic",
        formula="1,000 x 30",
        text=f"{CHECKS:,}",
        verdict="assumed, and declared so",
    ),
    Figure(
        line="M-53",
        what="storage by the specification's formula",
        said="$0.50",
        source="storage",
        formula="30,000 x 1,024 B x $0.25/GB",
        usd=formula_storage_usd,
        places=4,
        verdict=_times(0.50, formula_storage_usd(CURRENT)),
    ),
    Figure(
        line="M-53",
        what="storage with GSI1 and 100 B per item and copy",
        source="storage",
        formula="30,000 x (1,024 + 100) B x 2",
        usd=storage_usd,
        places=4,
        verdict="computed",
    ),
    Figure(
        line="M-54",
        what="reads by the specification's formula",
        said="$0.50",
        formula="30,000 read units",
        usd=formula_reads_usd,
        places=4,
        verdict=_times(0.50, formula_reads_usd(CURRENT)),
    ),
    Figure(
        line="M-54",
        what="a history of ten for each check",
        formula=f"30,000 x ⌈10 x 1,024 B / 4 KB⌉ / 2 = {_READ:,.0f} read units",
        usd=reads_usd,
        places=4,
        verdict="computed",
    ),
    Figure(
        line="M-55",
        what="writes of table and GSI1",
        said="$0.13, of 1,000 units",
        formula=f"30,000 x 2 = {_WRITTEN:,.0f} write units",
        usd=writes_usd,
        places=4,
        verdict=_times(0.13, writes_usd(CURRENT)),
    ),
    Figure(
        line="M-55",
        what="all writes as built",
        source="forecast",
        formula="transactions, rate limits, sessions, searches: "
        f"{most_units(built().of_kind('write')):,.0f} write units at most",
        usd=lambda prices: most_usd(built(prices).of_kind("write")),
        places=4,
        verdict="computed",
    ),
    Figure(
        line="M-56",
        what="total by the specification's parts",
        said="$1.13",
        source="arithmetic",
        formula="storage + reads + writes",
        usd=parts_usd,
        places=4,
        verdict=_times(1.13, parts_usd(CURRENT)),
    ),
    Figure(
        line="M-56",
        what="point-in-time recovery",
        source="storage",
        formula=f"{month().table(DATA.name).table_gb.most:.3f} GB x $0.20",
        usd=recovery_usd,
        places=4,
        verdict="computed",
    ),
    Figure(
        line="M-56",
        what="total as built, with recovery",
        source="forecast",
        formula="`keyline cost interactions`: at most, after 12 months",
        usd=lambda prices: built(prices).usd.most,
        verdict="computed",
    ),
)
