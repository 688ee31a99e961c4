"""Several ranges read as one: filled in parallel, merged in the order of the sort key."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from typing import Any

from keyline.run.codec import Attributes
from keyline.run.reply import PageReply

MAX_ASK = 1000
"""The most items that one request asks for."""

Order = Callable[[Any], Any]
Fetch = Callable[[Attributes | None, int | None], PageReply[Any]]
"""A position and a limit → a page of what follows the position."""


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
    ) -> None:
        self.waiting: deque[Any] = deque()
        self.ended = False
        self._fetch = fetch
        self._position = position
        self._admit = admit
        self._fills = 0

    @property
    def needed(self) -> bool:
        """Whether its next item is unknown until more is read."""
        return not self.waiting and not self.ended

    @property
    def more(self) -> bool:
        """Whether there may be more items."""
        return bool(self.waiting) or not self.ended

    def fill(self, ask: int | None) -> None:
        """Read the next page.

        Parameters
        ----------
        ask
            How many items are wanted, or None for as many as DynamoDB gives. Each further page
            asks for twice as many as wanted, so that a stretch of expired items is passed soon.
        """
        limit = None if ask is None else min(ask << self._fills, MAX_ASK)
        self._fills += 1
        page = self._fetch(self._position, limit)
        self.waiting.extend(self._admit(page.Items))
        self._position = page.LastEvaluatedKey
        self.ended = page.LastEvaluatedKey is None


def merged(
    ranges: Sequence[Range],
    order: Order | None,
    *,
    descending: bool,
    ask: Callable[[], int | None],
    executor: Callable[[], Executor],
) -> Iterator[tuple[int, Any]]:
    """The items of all ranges in order, each with the number of its range.

    Parameters
    ----------
    order
        An item → what it is sorted by. None where there is no sort key: then what was read is
        given first, so that all ranges need more at the same time.
    ask
        How many items are still wanted of one range.
    executor
        Where ranges are filled when several need it at once.
    """
    choose = max if descending else min
    while True:
        needed = [r for r in ranges if r.needed]
        waiting = [n for n, r in enumerate(ranges) if r.waiting]
        if needed and (order is not None or not waiting):
            _fill(needed, ask(), executor)
            continue
        if not waiting:
            return
        first = (
            waiting[0]
            if len(waiting) == 1 or order is None
            else choose(waiting, key=lambda n: order(ranges[n].waiting[0]))
        )
        yield first, ranges[first].waiting.popleft()


def _fill(ranges: Sequence[Range], ask: int | None, executor: Callable[[], Executor]) -> None:
    if len(ranges) == 1:
        ranges[0].fill(ask)
        return
    for done in [executor().submit(r.fill, ask) for r in ranges]:
        done.result()


def share(wanted: int, ranges: int) -> int:
    """How many items to ask of each range, so that together they probably hold those wanted.

    The items are spread evenly by a hash: two standard deviations are added to the mean.
    """
    mean = wanted / ranges
    return wanted if ranges == 1 else min(wanted, math.ceil(mean + 2 * math.sqrt(mean)))
