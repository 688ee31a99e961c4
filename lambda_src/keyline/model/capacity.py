"""The cost of a call by the sizes of its items: the floor that measurements are held against.

Source: DynamoDB developer guide, "DynamoDB on-demand capacity mode": a read unit is 4 KB,
half of one when eventually consistent; a write unit is 1 KB. A transaction doubles what its
items cost in the table; an index costs what it costs outside of one (the guide does not say
so; it was measured on DynamoDB by github.com/nubo-db/dynoxide, pull request 188).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from keyline.model.size import item_size
from keyline.model.table import Index, Table

READ_BYTES = 4096
WRITE_BYTES = 1024

Attributes = Mapping[str, Mapping[str, Any]]


def read_units(size: int, *, consistent: bool = False) -> float:
    """Read units of an item, or of a page: its items are summed before rounding.

    Parameters
    ----------
    size
        Bytes; a read of nothing costs as much as one of the smallest item.
    """
    units = max(1, math.ceil(size / READ_BYTES))
    return float(units) if consistent else units / 2


def write_units(size: int) -> float:
    """Write units of one copy of an item, in bytes; the larger of before and after counts."""
    return float(max(1, math.ceil(size / WRITE_BYTES)))


def query_units(items: Iterable[Attributes], *, consistent: bool = False) -> float:
    """Read units of a page that read these items."""
    return read_units(sum(map(item_size, items)), consistent=consistent)


def change_units(
    table: Table,
    before: Attributes | None,
    after: Attributes | None,
    *,
    transactional: bool = False,
) -> float:
    """Write units of a change of one item: in the table, and in each index.

    Parameters
    ----------
    before, after
        The whole item as it was and as it is; None where there was or is not an item.
    """
    size = max(item_size(before or {}), item_size(after or {}))
    in_table = write_units(size) * (2 if transactional else 1)
    return in_table + sum(index_units(table, i, before, after) for i in table.indexes)


def index_units(
    table: Table, index: Index, before: Attributes | None, after: Attributes | None
) -> float:
    """Write units that a change of an item costs in one index.

    A key that changes costs a delete and a put; what is not carried costs nothing.
    """
    old, new = entry(table, index, before), entry(table, index, after)
    if old is None and new is None:
        return 0.0
    if old is None or new is None:
        return write_units(item_size(old or new or {}))
    if any(old[a] != new[a] for a in index.key.attributes):
        return write_units(item_size(old)) + write_units(item_size(new))
    return 0.0 if old == new else write_units(max(item_size(old), item_size(new)))


def entry(table: Table, index: Index, item: Attributes | None) -> Attributes | None:
    """Return what an index holds of an item; None if the item lacks a key attribute of it."""
    if item is None or any(attribute not in item for attribute in index.key.attributes):
        return None
    carried = table.carried_by(index)
    return item if carried is None else {a: v for a, v in item.items() if a in carried}
