"""The number of items in a table: as DynamoDB last counted, or counted now.

Counting reads the whole table and is billed so: it is never done unless it was asked for by name
and agreed to. No function may do it; it runs under an operator's own credentials. The count reads
the table in parallel segments, at a rate, and goes on where it was interrupted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from keyline.model import READ_BYTES
from keyline.moments import iso_now
from keyline_ops import kept
from keyline_ops.costs.prices import MILLION, REGIONS
from keyline_ops.deployed import Deployed
from keyline_ops.scanning.parallel import SEGMENTS, in_parallel
from keyline_ops.scanning.requests import Rate, Requests
from keyline_ops.scanning.segments import Page, Segments
from keyline_ops.tables.describe import Seen, described, required


@dataclass(frozen=True)
class Price:
    """The price of counting.

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
        """Return the price of a consistent read of the whole table: a unit for 4 KB."""
        units = seen.bytes / READ_BYTES
        prices = REGIONS.get(region)
        usd = units * prices.read_million / MILLION if prices else None
        return cls(units, usd, seen.counted)

    def __str__(self) -> str:
        if not self.read_units:
            return "a number of read units that is not known: DynamoDB tells no size of it yet"
        dollars = "at a price that is not known here" if self.usd is None else f"${self.usd:,.4f}"
        return f"about {self.read_units:,.0f} read units ({dollars}), by a size {self.counted}"


class Counting(msgspec.Struct):
    """The position of the count in a segment.

    Attributes
    ----------
    after
        Where it goes on; None at its beginning.
    items, read_units
        Counted and consumed so far.
    """

    done: bool = False
    after: dict[str, dict[str, Any]] | None = None
    items: int = 0
    read_units: float = 0.0

    def page_done(self, page: Page) -> None:
        """Account for a page."""
        self.after, self.done = page.LastEvaluatedKey, page.LastEvaluatedKey is None
        self.items += page.Count
        self.read_units += page.units


class Count(msgspec.Struct):
    """The state of a count.

    Attributes
    ----------
    begun
        When it was begun (ISO 8601 in UTC). Each page is as of the moment it was read.
    """

    begun: str
    segments: list[Counting]

    @property
    def items(self) -> int:
        """Counted so far, those included that have expired and are not deleted yet."""
        return sum(segment.items for segment in self.segments)

    @property
    def read_units(self) -> float:
        """Consumed so far."""
        return sum(segment.read_units for segment in self.segments)


@dataclass(frozen=True)
class Counter:
    """Counts the items of one table, or goes on with a count that was interrupted.

    Parameters
    ----------
    folder
        Where it is kept how far a count is.
    rate
        The most read units a second; None for no limit.
    """

    where: Deployed
    table: str
    folder: Path
    segments: int = SEGMENTS
    rate: float | None = None

    def run(self, tell: Callable[[int], object]) -> Count:
        """Count, and forget how far it was.

        Parameters
        ----------
        tell
            Is told how many there are so far.

        Raises
        ------
        KeylineError
            If it runs already, or DynamoDB refuses, throttles or does not answer for too long.
        """
        path = self._path
        with kept.held(self.folder, path.stem, "this count"):
            state = self._begun()
            count, rate, lock = len(state.segments), Rate(self.rate), threading.Lock()
            requests = Requests(self.where.connection(count), f"count {self.table}")
            reads = Segments(requests, self.table, count, only_count=True)

            def read(number: int) -> None:
                segment = state.segments[number]
                for page in reads.pages(number, segment.after):
                    with lock:
                        segment.page_done(page)
                        kept.write(path, state)
                    tell(state.items)
                    rate.take(page.units)

            numbers = [n for n, segment in enumerate(state.segments) if not segment.done]
            in_parallel(read, numbers, requests.stop)
            path.unlink(missing_ok=True)
            return state

    def interrupted(self) -> Count | None:
        """Return how far an interrupted count is; None if there is none."""
        return kept.read(self._path, Count, "Delete it: the count then begins again.")

    def forget(self) -> None:
        """Let the next count begin again."""
        with kept.held(self.folder, self._path.stem, "this count"):
            self._path.unlink(missing_ok=True)

    def _begun(self) -> Count:
        """Return the count that was interrupted, or a new one."""
        new = Count(iso_now(), [Counting() for _ in range(self.segments)])
        return self.interrupted() or new

    @cached_property
    def _path(self) -> Path:
        """The identity of the table: one that was made later under its name is another one."""
        found = required(described(self.where.client(), self.table), self.table)
        return self.folder / f"{kept.key_of(kept.table_id(found))}.json"
