"""A whole table, read in parallel segments.

DynamoDB calls this Scan. No access pattern is one, so no function's role can hold the right. A Scan
is for an operator's own credentials alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from keyline_ops.scanning.requests import Requests

Item = dict[str, dict[str, Any]]
"""An item as DynamoDB writes it; Binary as base64."""
COUNTED = 10_000
"""Items of a page that is only counted. A page ends earlier where DynamoDB has read 1 MB."""
PAGE = 1_000
"""Items of a page, which is the unit of a checkpoint. So memory does not depend on the table."""


class Consumed(msgspec.Struct, frozen=True):
    """The capacity of the table that a page took."""

    CapacityUnits: float = 0.0


class Page(msgspec.Struct):
    """A page of a segment.

    Attributes
    ----------
    LastEvaluatedKey
        Where the next page starts; None after the last one.
    """

    Items: list[Item] = []
    Count: int = 0
    LastEvaluatedKey: Item | None = None
    ConsumedCapacity: Consumed = Consumed()

    @property
    def units(self) -> float:
        """The read units that it took."""
        return self.ConsumedCapacity.CapacityUnits


_PAGE = msgspec.json.Decoder(Page)


@dataclass(frozen=True)
class Segments:
    """Reads the segments of a table, each read consistently.

    Parameters
    ----------
    count
        How many segments there are.
    only_count
        Whether the pages hold no items, only their number.
    """

    requests: Requests
    table: str
    count: int
    only_count: bool = False

    def pages(self, segment: int, start: Item | None) -> Iterator[Page]:
        """Yield the pages of a segment.

        Parameters
        ----------
        start
            The `LastEvaluatedKey` to go on from; None for the beginning.
        """
        request: dict[str, Any] = {
            "TableName": self.table,
            "ConsistentRead": True,
            "ReturnConsumedCapacity": "TOTAL",
            "Segment": segment,
            "TotalSegments": self.count,
            **({"Select": "COUNT", "Limit": COUNTED} if self.only_count else {"Limit": PAGE}),
        }
        while True:
            if start is not None:
                request["ExclusiveStartKey"] = start
            page = _PAGE.decode(self.requests.send("Scan", request))
            yield page
            start = page.LastEvaluatedKey
            if start is None:
                return


def key_of(item: Mapping[str, Any], names: tuple[str, ...]) -> Item:
    """Return the primary key of an item."""
    return {name: item[name] for name in names}


def shown(key: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a key as messages show it."""
    return ", ".join(f"{name} {next(iter(value.values()))!r}" for name, value in key.items())
