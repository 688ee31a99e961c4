"""Queries: pages that hold what they promise, and whole ranges."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any, Generic, TypeVar

import msgspec

from keyline.payload import Room
from keyline.run import values
from keyline.run.calls import Calls
from keyline.run.codec import Attributes
from keyline.run.compiled import CompiledQuery
from keyline.run.cursor import Cursor, CursorSigner
from keyline.run.errors import BadCallError
from keyline.run.fanout import MAX_ASK, Ask, Range, merged, share
from keyline.run.fieldtext import NothingMatchesError
from keyline.run.request import Request
from keyline.run.shards import in_shards

T = TypeVar("T", bound=msgspec.Struct)
ItemT = TypeVar("ItemT")
ViewT = TypeVar("ViewT")


class Page(msgspec.Struct, Generic[ItemT], frozen=True):
    """Items in order, and where to read on.

    Attributes
    ----------
    cursor
        Opaque; to be given to the next call of the same query. None where there is no more.
    """

    items: list[ItemT]
    cursor: str | None


class _Taken(msgspec.Struct, Generic[ViewT]):
    """The part of its ranges that a page has taken.

    Attributes
    ----------
    shown
        The items as they are shown.
    last
        Of each range by its number, the last item taken, as it was decoded. The last one of all
        is the last of the dictionary.
    full
        Whether the next item was read and does not fit any more.
    """

    shown: list[ViewT] = msgspec.field(default_factory=list)
    last: dict[int, Any] = msgspec.field(default_factory=dict)
    full: bool = False

    def add(self, number: int, wire: Any, item: ViewT) -> None:
        """Take an item."""
        self.shown.append(item)
        self.last.pop(number, None)
        self.last[number] = wire


class QueryReader(Generic[T]):
    """Reads the items of one query pattern.

    Parameters
    ----------
    executor
        Where shards are read at the same time.
    """

    def __init__(
        self,
        query: CompiledQuery[T],
        calls: Calls,
        signer: CursorSigner,
        executor: Callable[[], Executor],
    ) -> None:
        self._pattern = query.pattern
        self._prepared = query.prepared
        self._reader = query.reader
        self._decoder = query.decoder
        self._shards = query.shards
        self._floor = query.floor
        self._calls = calls
        self._signer = signer
        self._executor = executor

    def page(
        self,
        limit: int | None,
        token: str | None,
        caller: str,
        given: Mapping[str, Any],
        view: Callable[[T], ViewT],
    ) -> Page[ViewT]:
        """Return a page of as many items as asked for, if so many there are and fit into an answer.

        Parameters
        ----------
        view
            What an item is shown as.

        Raises
        ------
        BadCallError
            If the limit is out of bounds, or a value is missing or unknown.
        InvalidCursorError
            If the token was not issued for this call.
        """
        wanted = self._limit(limit)
        try:
            request = self._prepared.build(given)
        except NothingMatchesError:
            return Page([], None)
        name = self._pattern.name
        # Bound to the values as they are sent: equal values have one text, whatever their type.
        # Bound to the key as well, since a position in one key is not a position in another.
        bound = {**request["ExpressionAttributeValues"], "key": self._pattern.key.attributes}
        # An empty token was never issued, and is refused as any other.
        start = Cursor([]) if token is None else self._signer.take(token, name, caller, bound)
        ranges = self._ranges(request, start)
        room = Room(start.item_bytes)
        taken = self._taken(ranges, wanted, room, view)
        if not taken.shown or not (taken.full or any(r.more for r in ranges)):
            return Page(taken.shown, None)
        end = self._end(start, taken.last, room.average)
        return Page(taken.shown, self._signer.issue(end, name, caller, bound))

    def _taken(
        self, ranges: Sequence[Range], wanted: int, room: Room, view: Callable[[T], ViewT]
    ) -> _Taken[ViewT]:
        """Return the items of a page."""
        taken = _Taken[ViewT]()

        def ask() -> Ask:
            fits = MAX_ASK if room.left is None else room.left
            return Ask(share(wanted - len(taken.shown), len(ranges)), share(fits, len(ranges)))

        if len(ranges) == 1:
            self._take_of_one(taken, ranges[0], wanted, room, view, ask)
            return taken
        for number, wire in self._merged(ranges, ask):
            self._take(taken, number, wire, room, view)
            if taken.full or len(taken.shown) == wanted:
                break
        return taken

    def _take(
        self, taken: _Taken[ViewT], number: int, wire: Any, room: Room, view: Callable[[T], ViewT]
    ) -> None:
        """Take an item, if there is room for it."""
        item = view(self._reader.item(wire))
        taken.full = not room.takes(item)
        if not taken.full:
            taken.add(number, wire, item)

    def _take_of_one(
        self,
        taken: _Taken[ViewT],
        only: Range,
        wanted: int,
        room: Room,
        view: Callable[[T], ViewT],
        ask: Callable[[], Ask],
    ) -> None:
        """Take the items of the only range: all at once that were read."""
        while len(taken.shown) < wanted and only.more and not taken.full:
            if only.needed:
                asked = ask()
                if not asked.fits:
                    return
                only.fill(asked)
                continue
            wires = only.take(wanted - len(taken.shown))
            items = self._all_shown(wires, room, view)
            if items is not None:
                taken.shown += items
                taken.last[0] = wires[-1]
                continue
            for wire in wires:
                self._take(taken, 0, wire, room, view)
                if taken.full:
                    break

    def _all_shown(
        self, wires: Sequence[Any], room: Room, view: Callable[[T], ViewT]
    ) -> list[ViewT] | None:
        """Return these items as they are shown; None if one fails or they do not all fit.

        After None the items are taken one by one: the page may end before the item that fails.
        """
        try:
            items = list(map(view, self._reader.items(wires)))
            return items if room.takes_all(items) else None
        except Exception:  # noqa: BLE001 # raised again where the page comes to that item
            return None

    def items(self, given: Mapping[str, Any]) -> Iterator[T]:
        """Yield all items, which are read on as they are taken."""
        try:
            request = self._prepared.build(given)
        except NothingMatchesError:
            return
        ranges = self._ranges(request, Cursor([]))
        if len(ranges) == 1:
            yield from self._items_of_one(ranges[0])
            return
        for _, wire in self._merged(ranges, lambda: None):
            yield self._reader.item(wire)

    def _items_of_one(self, only: Range) -> Iterator[T]:
        while only.more:
            if only.needed:
                only.fill(None)
            for wire in only.take(MAX_ASK):
                yield self._reader.item(wire)

    def _merged(
        self, ranges: Sequence[Range], ask: Callable[[], Ask | None]
    ) -> Iterator[tuple[int, Any]]:
        return merged(
            ranges,
            self._reader.order if self._pattern.key.sort else None,
            descending=self._pattern.descending,
            ask=ask,
            executor=self._executor,
        )

    def _limit(self, limit: int | None) -> int:
        wanted = self._pattern.page if limit is None else limit
        if not 1 <= wanted <= self._pattern.max_page:
            raise BadCallError(
                f"{self._pattern.name}.limit",
                f"is {wanted}.",
                f"Ask for 1 to {self._pattern.max_page} items.",
            )
        return wanted

    def _ranges(self, request: Request, start: Cursor) -> list[Range]:
        now = time.time()
        admit = self._admit(now, start)
        requests = in_shards(self._pattern, self._prepared.partition, request, self._shards)
        positions = [*start.positions, *([None] * len(requests))]
        return [
            Range(self._fetch(each), position, admit, self._pattern.hits)
            for each, position in zip(requests, positions, strict=False)
        ]

    def _fetch(self, request: Request) -> Callable[[Attributes | None, int | None], Any]:
        def fetch(position: Attributes | None, limit: int | None) -> Any:
            page = dict(request)
            if limit is not None:
                page["Limit"] = limit
            if position is not None:
                page["ExclusiveStartKey"] = position
            return self._calls.send(
                self._pattern, "Query", page, self._decoder, _count, self._floor
            )

        return fetch

    def _admit(self, now: float, start: Cursor) -> Callable[[Sequence[Any]], Sequence[Any]]:
        """Leave out what has expired, and what was written before the cursor meanwhile.

        The latter arises where shards stand at different places; an index without shards
        would not show it either.
        """
        reader, descending = self._reader, self._pattern.descending
        if not start.after:
            return lambda wires: reader.live(wires, now)
        after = tuple(map(values.ordered, start.after))

        def ahead(wire: Any) -> bool:
            order = reader.order(wire)
            return order <= after if descending else order >= after

        return lambda wires: [w for w in reader.live(wires, now) if ahead(w)]

    def _end(self, start: Cursor, last: Mapping[int, Any], item_bytes: int) -> Cursor:
        """Return where a page ended: behind the last item that was returned of each shard."""
        positions = [*start.positions, *([None] * self._shards)][: self._shards]
        for shard, wire in last.items():
            positions[shard] = self._reader.key(wire)
        after = self._reader.sort_key([*last.values()][-1]) if self._shards > 1 else []
        return Cursor(positions, [dict(value) for value in after], item_bytes)


def _count(page: Any) -> int:
    return len(page.Items)
