"""What the interactions specification says of cost (M-52 to M-56), computed from its scenario.

A thousand checks a day of 1 KB, kept for 30 days, each read once as one of a history of ten.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from interactions.patterns import CHECK_BYTES, CHECKS
from interactions.system import SYSTEM
from keyline.model import STORAGE_OVERHEAD_BYTES, read_units, write_units
from keyline_ops.costs import figures
from keyline_ops.costs.figures import Row, at_both_prices
from keyline_ops.costs.forecast import Forecast, forecast
from keyline_ops.costs.prices import CURRENT, GIGABYTE, MILLION, Prices

COPIES = 2
"""The table and GSI1, which carries whole items."""
PAGE = 10


@dataclass(frozen=True)
class Month:
    """The specification's month.

    Attributes
    ----------
    checks
        Made in it, and stored: they live as long as it lasts.
    """

    checks: int = CHECKS
    item_bytes: int = CHECK_BYTES

    def stored(self, copies: int = COPIES, overhead: int = STORAGE_OVERHEAD_BYTES) -> float:
        """Gigabytes: checks x (size + overhead) x copies."""
        return self.checks * (self.item_bytes + overhead) * copies / GIGABYTE

    @property
    def written(self) -> float:
        """Write units: checks x ⌈size / 1 KB⌉ x copies."""
        return self.checks * write_units(self.item_bytes) * COPIES

    @property
    def read(self) -> float:
        """Read units: a history of ten for each check, ⌈10 x size / 4 KB⌉ / 2."""
        return self.checks * read_units(PAGE * self.item_bytes)

    def usd(self, prices: Prices) -> float:
        """Storage, reads and writes, as the specification adds them up."""
        return (
            self.stored() * prices.storage
            + self.read * prices.read_million / MILLION
            + self.written * prices.write_million / MILLION
        )


MONTH = Month()


def built(prices: Prices = CURRENT) -> Forecast:
    """The forecast of the system as it is built, with the default settings."""
    return forecast(SYSTEM, SYSTEM.settings(), prices)


def rows() -> Iterator[Row]:
    """The figures of the specification, computed at today's prices and at those before."""
    month = MONTH
    yield Row(
        "M-52",
        "checks of a month",
        "1,000 a day, 30 days, 1 KB",
        "1,000 x 30",
        f"{month.checks:,}",
        "the same",
        "assumed, and declared so",
    )
    yield Row(
        "M-53",
        "storage by the specification's formula",
        "$0.50",
        "30,000 x 1,024 B x $0.25/GB",
        *at_both_prices(lambda p: month.stored(1, 0) * p.storage, 4),
        _times(0.50, month.stored(1, 0) * CURRENT.storage),
    )
    yield Row(
        "M-53",
        "storage with GSI1 and 100 B per item and copy",
        "-",
        "30,000 x (1,024 + 100) B x 2",
        *at_both_prices(lambda p: month.stored() * p.storage, 4),
        "computed",
    )
    yield Row(
        "M-54",
        "reads by the specification's formula",
        "$0.50",
        "30,000 read units",
        *at_both_prices(lambda p: month.checks * p.read_million / MILLION, 4),
        _times(0.50, month.checks * CURRENT.read_million / MILLION),
    )
    yield Row(
        "M-54",
        "a history of ten for each check",
        "-",
        f"30,000 x ⌈10 x 1,024 B / 4 KB⌉ / 2 = {month.read:,.0f} read units",
        *at_both_prices(lambda p: month.read * p.read_million / MILLION, 4),
        "computed",
    )
    yield Row(
        "M-55",
        "writes of table and GSI1",
        "$0.13, of 1,000 units",
        f"30,000 x 2 = {month.written:,.0f} write units",
        *at_both_prices(lambda p: month.written * p.write_million / MILLION, 4),
        _times(0.13, month.written * CURRENT.write_million / MILLION),
    )
    yield Row(
        "M-55",
        "all writes as built",
        "-",
        f"transactions, rate limits, sessions, searches: {_written():,.0f} write units at most",
        *at_both_prices(lambda p: _kind_usd(p, "write"), 4),
        "computed",
    )
    yield Row(
        "M-56",
        "total by the specification's parts",
        "$1.13",
        "storage + reads + writes",
        *at_both_prices(month.usd, 4),
        _times(1.13, month.usd(CURRENT)),
    )
    yield Row(
        "M-56",
        "point-in-time recovery",
        "-",
        f"{month.stored(1):.3f} GB x $0.20",
        *at_both_prices(lambda p: month.stored(1) * p.recovery, 4),
        "computed",
    )
    yield Row(
        "M-56",
        "total as built, with recovery",
        "-",
        "`keyline cost interactions`: at most, after 12 months",
        *at_both_prices(lambda p: built(p).usd.most),
        "computed",
    )


def markdown() -> str:
    """The figures as a table."""
    return figures.markdown(rows())


def _written() -> float:
    return sum(row.units.most for row in built().patterns if row.kind == "write")


def _kind_usd(prices: Prices, kind: str) -> float:
    return sum(row.usd.most for row in built(prices).patterns if row.kind == kind)


def _times(said: float, computed: float) -> str:
    return f"wrong: {said / computed:,.0f} times too high"
