"""The number of stored items and their cost: in a table, in its indexes, for recovery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keyline.model import STORAGE_OVERHEAD_BYTES, Entity, Pattern, Table, TransactWrite
from keyline.moments import DAY_SECONDS
from keyline.run import TableSettings
from keyline_deploy.rates import MONTH_DAYS
from keyline_ops.costs.prices import GIGABYTE, Prices
from keyline_ops.costs.units import NOTHING, Bounds, creates, total
from keyline_ops.costs.usage import Usage


@dataclass(frozen=True)
class TableCost:
    """The cost of a table's storage in a month.

    Attributes
    ----------
    items
        Stored at the end of the horizon, or when as many expire as are created.
    table_gb, index_gb
        With the storage overhead.
    storage_usd, recovery_usd
        Of table and indexes; of the table alone.
    basis
        Where the number of items comes from.
    indexes_gb
        With the storage overhead, by index.
    """

    table: str
    items: Bounds
    table_gb: Bounds
    index_gb: Bounds
    storage_usd: Bounds
    recovery_usd: Bounds
    basis: str
    indexes_gb: Mapping[str, Bounds]


def table_cost(
    table: Table,
    called: Sequence[Pattern[Any]],
    settings: TableSettings,
    prices: Prices,
    usage: Usage,
) -> TableCost:
    """Compute what a table's items cost in a month."""
    stored = usage.stored.get(table.name)
    kinds = {kind.shape: _items(kind, table, called, settings, usage) for kind in table.kinds}
    items = total(list(kinds.values())) if stored is None else Bounds.of(stored)
    in_table = NOTHING
    by_index = {index.name: NOTHING for index in table.indexes}
    for kind in table.kinds:
        count = kinds[kind.shape] if stored is None else _shared(stored, kind, kinds)
        size = _size(kind, table, called)
        in_table += count * ((size + STORAGE_OVERHEAD_BYTES) / GIGABYTE)
        for index in table.indexes:
            copies = _copy(table, kind, index.name, size, count) * (1 / GIGABYTE)
            by_index[index.name] += copies
    in_indexes = total(list(by_index.values()))
    return TableCost(
        table.name,
        items,
        in_table,
        in_indexes,
        (in_table + in_indexes) * prices.storage,
        in_table * prices.recovery,
        _basis(table, usage.months) if stored is None else "given",
        by_index,
    )


def _basis(table: Table, months: float) -> str:
    kept = "as long as they are kept" if table.ttl else "none of which expire"
    return f"what is created in {months:g} months, {kept}"


def _items(
    kind: Entity,
    table: Table,
    called: Sequence[Pattern[Any]],
    settings: TableSettings,
    usage: Usage,
) -> Bounds:
    """Return how many items of a kind are stored: those created, for as long as they are kept."""
    expiry = settings.expiry(table, kind)
    kept = usage.months
    if expiry is not None:
        kept = min(kept, expiry.seconds / DAY_SECONDS / MONTH_DAYS)
    return total([_created(pattern, kind, table, usage) for pattern in called]) * kept


def _created(pattern: Pattern[Any], kind: Entity, table: Table, usage: Usage) -> Bounds:
    """Return how many items of a kind a pattern creates in a month."""
    calls = usage.calls.get(pattern.name, 0.0)
    if isinstance(pattern, TransactWrite):
        share = calls * pattern.items / len(pattern.parts)
        return total([creates(p) * share for p in pattern.parts if _is_of(p, kind, table)])
    return creates(pattern) * calls if _is_of(pattern, kind, table) else NOTHING


def _is_of(pattern: Pattern[Any], kind: Entity, table: Table) -> bool:
    return pattern.table is table and pattern.kind is kind


def _shared(stored: float, kind: Entity, kinds: Mapping[type, Bounds]) -> Bounds:
    """Return a given number of items, split over the kinds as they are created."""
    every = sum(span.most for span in kinds.values())
    if not every:
        return Bounds.of(stored / len(kinds))
    return Bounds.of(stored * kinds[kind.shape].most / every)


def _size(kind: Entity, table: Table, called: Sequence[Pattern[Any]]) -> int:
    """Return the bytes of an item of a kind: the largest that a pattern of it declares."""
    every = (action for pattern in called for action in pattern.actions)
    return max((p.item_bytes for p in every if _is_of(p, kind, table)), default=0)


def _copy(table: Table, kind: Entity, name: str, size: int, count: Bounds) -> Bounds:
    """Return the bytes of a kind's items in an index."""
    index = table.index(name)
    if any(kind.type_of(attribute) is None for attribute in index.key.attributes):
        return NOTHING
    whole = table.carried_by(index) is None
    always = all(kind.always_has(attribute) for attribute in index.key.attributes)
    least = (size if whole else 0) + STORAGE_OVERHEAD_BYTES
    return Bounds(
        count.least * least if always else 0.0, count.most * (size + STORAGE_OVERHEAD_BYTES)
    )
