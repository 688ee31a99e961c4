"""Several ranges read as one: filled in parallel, merged in the order of the sort key."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from typing import Any, NamedTuple

from keyline.run.codec import Attributes
from keyline.run.reply import PageReply

MAX_ASK = 1000
"""The most items that one request asks for."""

Order = Callable[[Any], Any]
Fetch = Callable[[Attributes | None, int | None], PageReply[Any]]
"""A position and a limit → a page of what follows the position."""


class Ask(NamedTuple):
    """The part of one range that is still wanted.

    Attributes
    ----------
    wanted
        Items.
    fits
        Items that probably fit into the answer; none is read any more where it is 0.
    """

    wanted: int
    fits: int


class Range:
    """The items of one partition key, read on as they are needed.

    Parameters
    ----------
    fetch
        Reads a page.
    position
        The key after which to start; None for the beginning.
    admit
        Which items count: those that have not expired.
    hits
        The share of the items read that DynamoDB gives.

    Attributes
    ----------
    waiting
        What was read and not yet taken.
    ended
        Whether there is nothing more to read.
    """

    def __init__(
        self,
        fetch: Fetch,
        position: Attributes | None,
        admit: Callable[[Sequence[Any]], Sequence[Any]],
        hits: float = 1.0,
    ) -> None:
        self.waiting: deque[Any] = deque()
        self.ended = False
        self._fetch = fetch
        self._position = position
        self._admit = admit
        self._hits = hits
        self._fills = 0
        self._gaps = 0

    @property
    def needed(self) -> bool:
        """Return whether its next item is unknown until more is read."""
        return not self.waiting and not self.ended

    @property
    def more(self) -> bool:
        """Return whether there may be more items."""
        return bool(self.waiting) or not self.ended

    def take(self, most: int) -> list[Any]:
        """Take what was read and is waiting, up to so many items."""
        if len(self.waiting) > most:
            return [self.waiting.popleft() for _ in range(most)]
        taken = list(self.waiting)
        self.waiting.clear()
        return taken

    def fill(self, ask: Ask | None) -> None:
        """Read the next page.

        Parameters
        ----------
        ask
            How much is wanted, or None for as much as DynamoDB gives. Each further page asks for
            twice as many items, so that a stretch of expired items is passed soon; for more than
            fit only after a page from which some were left out.
        """
        limit = None
        if ask is not None:
            most = min(ask.wanted << self._fills, ask.fits << self._gaps)
            limit = min(math.ceil(most / self._hits), MAX_ASK)
        page = self._fetch(self._position, limit)
        admitted = self._admit(page.Items)
        self._fills += 1
        self._gaps += len(admitted) < max(len(page.Items), page.ScannedCount)
        self.waiting.extend(admitted)
        self._position = page.LastEvaluatedKey
        self.ended = page.LastEvaluatedKey is None


def merged(
    ranges: Sequence[Range],
    order: Order | None,
    *,
    descending: bool,
    ask: Callable[[], Ask | None],
    executor: Callable[[], Executor],
) -> Iterator[tuple[int, Any]]:
    """Yield the items of all ranges in order, each with the number of its range.

    Parameters
    ----------
    order
        An item → what it is sorted by. None where there is no sort key: then what was read is
        given first, so that all ranges need more at the same time.
    ask
        How much is still wanted of one range. Nothing is given any more once a range needs more
        and nothing of it fits.
    executor
        Where ranges are filled when several need it at once.
    """
    choose = max if descending else min
    while True:
        needed = [r for r in ranges if r.needed]
        waiting = [n for n, r in enumerate(ranges) if r.waiting]
        if needed and (order is not None or not waiting):
            asked = ask()
            if asked is not None and not asked.fits:
                return
            _fill(needed, asked, executor)
            continue
        if not waiting:
            return
        first = (
            waiting[0]
            if len(waiting) == 1 or order is None
            else choose(waiting, key=lambda n: order(ranges[n].waiting[0]))
        )
        yield first, ranges[first].waiting.popleft()


def _fill(ranges: Sequence[Range], ask: Ask | None, executor: Callable[[], Executor]) -> None:
    if len(ranges) == 1:
        ranges[0].fill(ask)
        return
    for done in [executor().submit(r.fill, ask) for r in ranges]:
        done.result()


def share(wanted: int, ranges: int) -> int:
    """Return how many items to ask of each range, so that together they probably hold those wanted.

    The items are spread evenly by a hash: two standard deviations are added to the mean.
    """
    mean = wanted / ranges
    return wanted if ranges == 1 else min(wanted, math.ceil(mean + 2 * math.sqrt(mean)))
