"""How many items a table holds: as DynamoDB last counted, or counted now.

Counting reads the whole table and is billed so: it is never done unless it was asked for by
name and agreed to. No function may do it; it runs under an operator's own credentials.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from keyline.model import READ_BYTES
from keyline_ops.costs.prices import MILLION, REGIONS
from keyline_ops.deployed import translated
from keyline_ops.tables.describe import Seen


@dataclass(frozen=True)
class Price:
    """What counting is going to cost.

    Attributes
    ----------
    read_units
        By the size that DynamoDB last measured; 0 where it has measured none.
    usd
        None where the region's prices are not known.
    counted
        How old that size may be.
    """

    read_units: float
    usd: float | None
    counted: str

    @classmethod
    def of(cls, seen: Seen, region: str) -> Price:
        """Of a consistent read of the whole table: a unit for 4 KB."""
        units = seen.bytes / READ_BYTES
        prices = REGIONS.get(region)
        usd = units * prices.read_million / MILLION if prices else None
        return cls(units, usd, seen.counted)

    def __str__(self) -> str:
        if not self.read_units:
            return "a number of read units that is not known: DynamoDB tells no size of it yet"
        dollars = "at a price that is not known here" if self.usd is None else f"${self.usd:,.4f}"
        return f"about {self.read_units:,.0f} read units ({dollars}), by a size {self.counted}"


@dataclass(frozen=True)
class Counted:
    """What was counted.

    Attributes
    ----------
    items
        Stored, those included that have expired and are not deleted yet.
    read_units
        Consumed.
    """

    items: int
    read_units: float


def count(client: Any, seen: Seen, progress: Callable[[int], None]) -> Counted:
    """Count a table's items, page by page, each page as of the moment it is read.

    Parameters
    ----------
    progress
        Is told how many there are so far.

    Raises
    ------
    KeylineError
        If AWS refuses, or does not answer.
    """
    items, units = 0, 0.0
    with translated(seen.name):
        pages = client.get_paginator("scan").paginate(
            TableName=seen.name,
            Select="COUNT",
            ConsistentRead=True,
            ReturnConsumedCapacity="TOTAL",
        )
        for page in pages:
            items += page["Count"]
            units += page["ConsumedCapacity"]["CapacityUnits"]
            progress(items)
    return Counted(items, units)
