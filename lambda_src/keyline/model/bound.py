"""The most that one write can cost if its item is no larger than the pattern declares.

What a write of a changed item costs depends on the item as it was, which the answer does not
tell. This bound needs no item: each index is taken to be written, and to cost a delete and a
put where its key can change.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from keyline.model.capacity import write_units
from keyline.model.pattern import (
    BatchWrite,
    Pattern,
    Put,
    TransactWrite,
    Update,
    parameters_of,
)
from keyline.model.table import Index


def most_write_units(pattern: Pattern[Any]) -> float:
    """Write units of one item at most, of the dearest part where the pattern is a transaction.

    Raises
    ------
    TypeError
        If the pattern writes nothing.
    """
    if isinstance(pattern, TransactWrite):
        return max(_units(part, 2 * write_units(part.item_bytes)) for part in pattern.parts)
    if pattern.reads:
        raise TypeError(f"{pattern.name} writes nothing")
    twice = isinstance(pattern, Update) and pattern.exactly_once
    return _units(pattern, (2 if twice else 1) * write_units(pattern.item_bytes))


def _units(pattern: Pattern[Any], in_table: float) -> float:
    return in_table + sum(most_index_units(pattern, index) for index in pattern.table.indexes)


def most_index_units(pattern: Pattern[Any], index: Index) -> float:
    """Write units of one item in an index at most."""
    if any(pattern.kind.type_of(attribute) is None for attribute in index.key.attributes):
        return 0.0
    copies = 2 if _moves(pattern, index) else 1
    return copies * write_units(pattern.item_bytes)


def _moves(pattern: Pattern[Any], index: Index) -> bool:
    """Return whether a write can change the index's key of an item that is there."""
    if isinstance(pattern, Update):
        return bool(_made_of(pattern, index.key.attributes) & set(pattern.changed))
    return isinstance(pattern, BatchWrite) or (isinstance(pattern, Put) and pattern.replace)


def _made_of(pattern: Pattern[Any], attributes: Iterable[str]) -> set[str]:
    return {field for name in attributes for field in parameters_of(pattern.kind, name)}
