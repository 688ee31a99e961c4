"""Time and units to fill a new index of a table that holds items."""

from __future__ import annotations

import math
from dataclasses import dataclass

from keyline_ops.costs.prices import MILLION, REGIONS

_NEW_INDEX = 4_000
"""Write units a second that a new on-demand index takes (developer guide, on-demand capacity)."""


@dataclass(frozen=True)
class Filling:
    """The most that filling a new index of a table takes.

    Attributes
    ----------
    items
        As DynamoDB last counted, which is up to six hours ago.
    write_units
        If each item is in the index with all its attributes.
    busy
        The indexes that DynamoDB is creating or deleting now.
    """

    items: int
    write_units: int
    busy: tuple[str, ...] = ()

    def told(self, region: str) -> str:
        """Say it for people, with the price where that of the region is known."""
        seconds = math.ceil(self.write_units / _NEW_INDEX)
        prices = REGIONS.get(region)
        cost = f", ${self.write_units / MILLION * prices.write_million:,.2f}" if prices else ""
        return (
            f"filling takes up to {self.items:,} items, {self.write_units:,} write units, about"
            f" {seconds / 60:,.0f} min{cost}"
        )
