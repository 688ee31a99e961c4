"""The companion specification's figures of cost (B-53, B-67 to B-69, B-73, B-74), computed.

The specification names no rates. Those of the declared patterns are taken: 100 patients who talk 30
times a day, and two caregivers for each patient.
"""

from __future__ import annotations

from functools import cache

from companion.patterns import TURN_LOG
from companion.settings import Settings
from companion.system import SYSTEM
from keyline.moments import DAY_SECONDS
from keyline_ops.costs.capacity import break_even as unit_break_even
from keyline_ops.costs.figures import Figure, most_usd
from keyline_ops.costs.forecast import Forecast, forecast
from keyline_ops.costs.prices import CURRENT, MONTH_HOURS, Prices

LARGEST_GB = 5
DAX_NODE_HOUR = 0.04
"""USD of a node of the smallest type of DAX (dax.t3.small) and hour in us-east-1."""
DAX_NODES = 3
"""Of a cluster that survives the loss of a zone."""
REQUESTS_A_DAY = 1_000


@cache
def built(prices: Prices = CURRENT) -> Forecast:
    """Return the forecast of the system as it is built, with the default settings."""
    return forecast(SYSTEM, Settings(), prices)


def storage_usd(prices: Prices) -> float:
    """Return what all tables cost in storage and recovery after a year."""
    return built(prices).storage_usd.most


def calls_usd(prices: Prices) -> float:
    """Return what a month's reads and writes cost."""
    return most_usd(built(prices).of_kind("read")) + most_usd(built(prices).of_kind("write"))


def break_even(prices: Prices) -> float:
    """Return the use of a provisioned write unit, of 1, from which on it is the cheaper one."""
    return unit_break_even(prices, "write")


FIGURES = (
    Figure(
        line="B-53",
        what="DAX, a small cluster of three nodes, an hour",
        said="about $0.20",
        source="dax",
        formula=f"{DAX_NODES} x ${DAX_NODE_HOUR}",
        usd=lambda _: DAX_NODES * DAX_NODE_HOUR,
        verdict="too high for the smallest nodes; a month is still"
        f" ${DAX_NODES * DAX_NODE_HOUR * MONTH_HOURS:,.0f}, more than all tables",
    ),
    Figure(
        line="B-67",
        what="storage of 1 to 5 GB",
        said="about $0.25",
        source="storage",
        formula=f"{LARGEST_GB} GB x $0.25",
        usd=lambda prices: LARGEST_GB * prices.storage,
        verdict="true of 1 GB; an index has a copy of its own, and each item 100 B more",
    ),
    Figure(
        line="B-67",
        what="storage and recovery of all tables as built, after 12 months",
        source="storage",
        formula="`keyline cost companion`",
        usd=storage_usd,
        places=3,
        verdict="computed",
    ),
    Figure(
        line="B-68",
        what="reads and writes of a month, as built",
        said="$1 to $5",
        source="forecast",
        formula="`keyline cost companion`: at most",
        usd=calls_usd,
        places=3,
        verdict="lower than said, at the assumed rates",
    ),
    Figure(
        line="B-68",
        what="of that, keeping the turns",
        source="forecast",
        formula=f"{TURN_LOG.per_month or 0:,.0f} transactions of a turn, a count and a stamp",
        usd=lambda prices: most_usd(built(prices).of(TURN_LOG)),
        places=3,
        verdict="computed",
    ),
    Figure(
        line="B-69",
        what="total as built",
        said="$2 to $6",
        source="forecast",
        formula="`keyline cost companion`: at most, after 12 months",
        usd=lambda prices: built(prices).usd.most,
        places=3,
        verdict="lower than said, at the assumed rates",
    ),
    Figure(
        line="B-73",
        what="reserved capacity of these tables",
        said="40 % and 60 % less",
        source="provisioned",
        formula="only provisioned tables have it",
        text="none",
        verdict="wrong: these tables are on demand",
    ),
    Figure(
        line="B-74",
        what="use of a provisioned write unit from which on it is cheaper",
        said=f"{REQUESTS_A_DAY:,} requests a day",
        source="provisioned",
        formula=f"${CURRENT.write_hour} / (3,600 x ${CURRENT.write_million} / 1,000,000)",
        text=f"{break_even(CURRENT):.0%}",
        verdict=f"wrong: {REQUESTS_A_DAY:,} requests a day are"
        f" {REQUESTS_A_DAY / DAY_SECONDS:.3f} a second, 1 % of one unit",
    ),
)
