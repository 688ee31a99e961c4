"""Costs of the requests of a table or index: on demand, and with provisioned capacity.

A provisioned unit is billed by the hour whether it is used or not; a request unit only when it is
used. The use from which on a provisioned unit costs less is the quotient of their prices.
Source: DynamoDB's pricing pages; developer guide, "Managing throughput capacity automatically with
DynamoDB auto scaling".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from keyline.model import System
from keyline.moments import HOUR_SECONDS
from keyline_deploy.environment import Capacity
from keyline_ops.costs.prices import MILLION, MONTH_HOURS, Prices
from keyline_ops.costs.units import Bounds, Place

STEADY = Capacity()
"""The limits that tables are compared by which have no provisioned capacity."""


@dataclass(frozen=True)
class CapacityCost:
    """The read or write units of one table or index in a month.

    Attributes
    ----------
    kind
        `read` or `write`.
    units
        Of the month.
    units_per_second
        At most, on average.
    on_demand_usd, provisioned_usd
        The second if capacity follows a steady load at the target use, and never falls below
        the least that is declared.
    billing
        How it is billed: `on-demand` or `provisioned`.
    peak
        How many times the average load a peak that never ends may be, until provisioned
        capacity costs as much as requests. None where even a steady load costs more, and where
        capacity costs nothing.
    """

    table: str
    index: str | None
    kind: str
    units: Bounds
    units_per_second: float
    on_demand_usd: Bounds
    provisioned_usd: Bounds
    billing: str
    peak: float | None

    @property
    def usd(self) -> Bounds:
        """The cost as the requests are billed now."""
        return self.provisioned_usd if self.billing == "provisioned" else self.on_demand_usd

    @property
    def cheaper(self) -> str:
        """The cheaper way to bill the requests, if the load is steady."""
        less = self.provisioned_usd.most < self.on_demand_usd.most
        return "provisioned" if less else "on-demand"


def break_even(prices: Prices, kind: str) -> float:
    """Return the use of a provisioned unit, of 1, from which on it costs less.

    The price of its hour, over what an hour of requests costs that use it wholly.
    """
    hour, million = _prices(prices, kind)
    return hour / (HOUR_SECONDS * million / MILLION)


def capacity_costs(
    system: System,
    units: Mapping[tuple[Place, str], Bounds],
    prices: Prices,
    capacity: Capacity | None,
) -> Iterator[CapacityCost]:
    """Compare the two for each table and index of a system.

    Parameters
    ----------
    units
        Of a month, by place and kind.
    capacity
        Which tables have provisioned capacity, and its limits; None if all are billed on demand.
    """
    for table in system.tables:
        for index in (None, *(each.name for each in table.indexes)):
            for kind in ("read", "write"):
                provisioned = capacity is not None and capacity.holds(table.name)
                used = units.get(((table.name, index), kind), Bounds.of(0.0))
                if used.most or provisioned:
                    limits = capacity or STEADY
                    yield _cost((table.name, index), kind, used, prices, limits, provisioned)


def _cost(
    place: Place, kind: str, used: Bounds, prices: Prices, limits: Capacity, provisioned: bool
) -> CapacityCost:
    hour, million = _prices(prices, kind)
    seconds = MONTH_HOURS * HOUR_SECONDS
    target = limits.utilization_percent / 100
    floor = (limits.min_read if kind == "read" else limits.min_write) if provisioned else 1

    def month(units: float) -> float:
        return max(floor, units / seconds / target) * hour * MONTH_HOURS

    on_demand = used * (million / MILLION)
    paid = Bounds(month(used.least), month(used.most))
    peak = on_demand.most / paid.most if paid.most else 0.0  # a price file may say 0
    return CapacityCost(
        *place,
        kind,
        used,
        used.most / seconds,
        on_demand,
        paid,
        "provisioned" if provisioned else "on-demand",
        peak if peak >= 1 else None,
    )


def _prices(prices: Prices, kind: str) -> tuple[float, float]:
    if kind == "read":
        return prices.read_hour, prices.read_million
    return prices.write_hour, prices.write_million
