"""The units that one call of a pattern costs, from the declaration alone.

Where the declaration leaves it open, it is a range. What an update or a delete costs depends on
the item as it was, and what a sharded page reads on how the items are spread.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keyline.model import (
    BatchGet,
    BatchWrite,
    Check,
    Get,
    Index,
    Pattern,
    Put,
    Query,
    TransactGet,
    TransactWrite,
    Update,
    holds_of_none,
    most_index_units,
    read_units,
    write_units,
)
from keyline.run import TableSettings


@dataclass(frozen=True)
class Bounds:
    """From the least that something can be to the most."""

    least: float
    most: float

    @classmethod
    def of(cls, value: float) -> Bounds:
        """Return what is known exactly."""
        return cls(value, value)

    def __add__(self, other: Bounds) -> Bounds:
        return Bounds(self.least + other.least, self.most + other.most)

    def __mul__(self, factor: float) -> Bounds:
        return Bounds(self.least * factor, self.most * factor)

    @property
    def exact(self) -> bool:
        """Return whether both ends are the same."""
        return self.least == self.most


NOTHING = Bounds(0.0, 0.0)

Place = tuple[str, str | None]
"""A table, by name, and one of its indexes, or None for the table itself."""


def total(spans: Sequence[Bounds]) -> Bounds:
    """Return the sum."""
    return sum(spans, NOTHING)


def call_units(pattern: Pattern[Any], settings: TableSettings) -> Bounds:
    """Read or write units of one call that finds as many items of that size as it declares.

    Parameters
    ----------
    settings
        The system's: they say over how many shards an index is spread.
    """
    return total(list(units_by_place(pattern, settings).values()))


def units_by_place(pattern: Pattern[Any], settings: TableSettings) -> dict[Place, Bounds]:
    """Return the units of one call, by the table or index that they are consumed in.

    Parameters
    ----------
    settings
        As for `call_units`.
    """
    match pattern:
        case Query():
            return {(pattern.table.name, pattern.index_name): _query(pattern, settings)}
        case Get():
            each = read_units(pattern.item_bytes, consistent=pattern.consistent)
            return {(pattern.table.name, None): Bounds.of(each)}
        case BatchGet():
            each = read_units(pattern.item_bytes, consistent=pattern.consistent)
            return {(pattern.table.name, None): Bounds.of(pattern.items * each)}
        case TransactGet() | TransactWrite():
            share = pattern.items / len(pattern.parts)
            return _added((_part(part), share) for part in pattern.parts)
        case BatchWrite():
            return _added([(_write(pattern), pattern.items)])
        case _:
            return _write(pattern)


def _added(parts: Iterable[tuple[Mapping[Place, Bounds], float]]) -> dict[Place, Bounds]:
    found: dict[Place, Bounds] = {}
    for units, times in parts:
        for place, each in units.items():
            found[place] = found.get(place, NOTHING) + each * times
    return found


def _part(pattern: Pattern[Any]) -> dict[Place, Bounds]:
    """Return the units of one part of a transaction, which costs twice."""
    if isinstance(pattern, Get):
        twice = 2 * read_units(pattern.item_bytes, consistent=True)
        return {(pattern.table.name, None): Bounds.of(twice)}
    return _write(pattern, transactional=True)


def _query(pattern: Query[Any], settings: TableSettings) -> Bounds:
    """Return the units of a query.

    All items of a page are summed before rounding, in each shard by itself.

    A page of a sharded index asks each shard for more than its share, because nobody knows where
    the next items are: at most for as many as the whole page has. What is read to the end is
    read once. What a filter leaves out is read as well.
    """
    shards = 1
    if pattern.index:
        shards = settings.shards(pattern.table).get(pattern.key.partition[0], 1)

    def units(items: float) -> float:
        size = round(items / pattern.hits * pattern.item_bytes)
        return shards * read_units(size, consistent=pattern.consistent)

    share = pattern.items / shards
    whole = pattern.items > pattern.max_page
    return Bounds(units(share), units(share if whole else pattern.items))


def _write(pattern: Pattern[Any], *, transactional: bool = False) -> dict[Place, Bounds]:
    in_table = write_units(pattern.item_bytes)
    if isinstance(pattern, Check):
        return {(pattern.table.name, None): Bounds.of(2 * in_table)}
    alone = isinstance(pattern, Update) and pattern.exactly_once  # a transaction of its own
    twice = transactional or alone
    found: dict[Place, Bounds] = {
        (pattern.table.name, None): Bounds.of(in_table * (2 if twice else 1))
    }
    for index in pattern.table.indexes:
        if most := most_index_units(pattern, index):
            found[pattern.table.name, index.name] = Bounds(_least_in(pattern, index), most)
    return found


def _least_in(pattern: Pattern[Any], index: Index) -> float:
    """Write units in an index of a write that changes a value: none where it may miss it."""
    carried = pattern.table.carried_by(index)
    if not all(pattern.kind.always_has(attribute) for attribute in index.key.attributes):
        return 0.0
    if carried is None:
        return write_units(pattern.item_bytes)
    misses = isinstance(pattern, Update) and not carried & pattern.touched
    return 0.0 if misses else 1.0


def creates(pattern: Pattern[Any]) -> Bounds:
    """Return how many new items one call leaves behind.

    What overwrites or upserts may meet an item that is there; where a condition needs one, it
    always does.
    """
    match pattern:
        case Put(replace=False):
            return Bounds.of(1)
        case Put(replace=True) | Update(upsert=True):
            return Bounds(0, 1) if _may_find_none(pattern) else NOTHING
        case BatchWrite():
            return Bounds(0, pattern.items)
        case _:
            return NOTHING


def _may_find_none(pattern: Put[Any] | Update[Any]) -> bool:
    """Return whether all its conditions can hold where there is no item."""
    return all(map(holds_of_none, pattern.conditions))
