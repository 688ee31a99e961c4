"""What a system will cost in a month, from its declaration and the price list.

Every figure is computed from what the patterns declare: how often they are called, how large
their items are, how many of them a call reads or writes. Where that leaves something open, the
result is a range; what is taken for granted, and what is left out, is said with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from keyline.errors import KeylineError, named
from keyline.model import (
    STORAGE_OVERHEAD_BYTES,
    Entity,
    Pattern,
    Query,
    System,
    Table,
    TransactWrite,
)
from keyline.moments import DAY_SECONDS
from keyline.run import TableSettings
from keyline_ops.costs.prices import GIGABYTE, MILLION, Prices
from keyline_ops.costs.units import (
    NOTHING,
    Bounds,
    call_units,
    creates,
    total,
    units_by_table,
)

MONTH_DAYS = 30
HORIZON_MONTHS = 12
"""How many months of items are taken to be stored where nothing expires them."""

FEW_HITS = 0.1
"""The share of hits below which a query is warned of."""
ASSUMPTIONS = (
    "Each pattern is called, and its items are as large and as many, as its declaration says.",
    "Refused conditional writes and retries cost as well; none are counted.",
    "A transaction's items are spread evenly over its parts, and none is cancelled.",
    "An item costs 100 B more of storage, in the table and in each index that holds it; an index "
    "that carries a part of its items holds none of their bytes at least, all of them at most.",
    "Items of a declared retention are taken off what is stored, by the day; DynamoDB deletes them "
    "within days, without cost. Not taken off are those that the application deletes, and those "
    "that expire without a declared retention: what is stored of them is less.",
    "Recovery is billed for the tables, not for their indexes.",
    "Not taken off: the first 25 GB of storage, which are free in an account.",
    "Not counted: Lambda, API Gateway, CloudWatch, KMS requests, S3, backups, exports, data "
    "transfer. Lambda reads DynamoDB's streams without charge.",
)

_MAX_DIGITS = 15
"""Of a number of items: more than any table has, and a float still tells them apart."""


@dataclass(frozen=True)
class PatternCost:
    """What a pattern costs in a month.

    Attributes
    ----------
    kind
        `read` or `write`: the units that it costs.
    calls
        Of the month; None where the pattern declares no rate, so that it adds nothing.
    units_per_call
        Of one call.
    units, usd
        Of all calls of the month.
    usd_by_table
        The same by table: a transaction may be of several.
    """

    pattern: str
    operation: str
    target: str
    kind: str
    calls: float | None
    units_per_call: Bounds
    units: Bounds
    usd: Bounds
    usd_by_table: Mapping[str, Bounds]


@dataclass(frozen=True)
class TableCost:
    """What a table's storage costs in a month.

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
    """

    table: str
    items: Bounds
    table_gb: Bounds
    index_gb: Bounds
    storage_usd: Bounds
    recovery_usd: Bounds
    basis: str


@dataclass(frozen=True)
class Forecast:
    """What a system costs in a month.

    Attributes
    ----------
    prices
        The day from which the prices hold.
    unknown
        What the declaration does not tell, and which is therefore not in the sum.
    warnings
        Patterns that pay for much more than they use.
    """

    system: str
    prices: str
    patterns: tuple[PatternCost, ...]
    tables: tuple[TableCost, ...]
    unknown: tuple[str, ...]
    warnings: tuple[str, ...]
    assumptions: tuple[str, ...] = ASSUMPTIONS

    @property
    def requests_usd(self) -> Bounds:
        """All calls."""
        return total([row.usd for row in self.patterns])

    @property
    def storage_usd(self) -> Bounds:
        """Storage and recovery: what is billed in a month without a single call."""
        return total([row.storage_usd + row.recovery_usd for row in self.tables])

    @property
    def usd(self) -> Bounds:
        """The whole month."""
        return self.requests_usd + self.storage_usd

    def of_kind(self, kind: str) -> list[PatternCost]:
        """Return the patterns that cost units of a kind: `read` or `write`."""
        return [row for row in self.patterns if row.kind == kind]

    def of(self, *patterns: Pattern[Any]) -> list[PatternCost]:
        """Return what these patterns cost."""
        names = {pattern.name for pattern in patterns}
        return [row for row in self.patterns if row.pattern in names]

    def table(self, name: str) -> TableCost:
        """Return what a table's storage costs."""
        return next(row for row in self.tables if row.table == name)

    def table_usd(self, table: str) -> Bounds:
        """Return what a table costs with the calls that go to it."""
        row = self.table(table)
        calls = [p.usd_by_table[table] for p in self.patterns if table in p.usd_by_table]
        return total([row.storage_usd, row.recovery_usd, *calls])


def forecast(
    system: System,
    settings: msgspec.Struct,
    prices: Prices,
    *,
    months: float = HORIZON_MONTHS,
    stored: Mapping[str, float] | None = None,
) -> Forecast:
    """Compute what a system costs in a month.

    Parameters
    ----------
    settings
        The system's: shards and retention.
    months
        For how many months items have been created that nothing expires.
    stored
        Items of a table, by its name, where that is known better.
    """
    stored = stored or {}
    resolved = TableSettings(settings)
    called = system.called
    tables = [
        _table(table, called, resolved, prices, months, stored.get(table.name))
        for table in system.tables
    ]
    return Forecast(
        system.name,
        prices.since,
        tuple(_pattern(pattern, resolved, prices) for pattern in called),
        tuple(tables),
        tuple(_unknown(called, tables)),
        tuple(_warnings(called)),
    )


def _pattern(pattern: Pattern[Any], settings: TableSettings, prices: Prices) -> PatternCost:
    each = call_units(pattern, settings)
    calls = pattern.per_month or 0.0
    rate = (prices.read_million if pattern.reads else prices.write_million) / MILLION
    return PatternCost(
        pattern.name,
        pattern.operation,
        pattern.target,
        "read" if pattern.reads else "write",
        pattern.per_month,
        each,
        each * calls,
        each * calls * rate,
        {table: of * calls * rate for table, of in units_by_table(pattern, settings).items()},
    )


def _table(
    table: Table,
    called: Sequence[Pattern[Any]],
    settings: TableSettings,
    prices: Prices,
    months: float,
    stored: float | None,
) -> TableCost:
    kinds = {kind.shape: _items(kind, table, called, settings, months) for kind in table.kinds}
    items = total(list(kinds.values())) if stored is None else Bounds.of(stored)
    in_table, in_indexes = NOTHING, NOTHING
    for kind in table.kinds:
        count = kinds[kind.shape] if stored is None else _shared(stored, kind, kinds)
        size = _size(kind, table, called)
        in_table += count * ((size + STORAGE_OVERHEAD_BYTES) / GIGABYTE)
        for index in table.indexes:
            in_indexes += _copy(table, kind, index.name, size, count) * (1 / GIGABYTE)
    return TableCost(
        table.name,
        items,
        in_table,
        in_indexes,
        (in_table + in_indexes) * prices.storage,
        in_table * prices.recovery,
        _basis(table, months) if stored is None else "given",
    )


def _basis(table: Table, months: float) -> str:
    kept = "as long as they are kept" if table.ttl else "none of which expire"
    return f"what is created in {months:g} months, {kept}"


def _items(
    kind: Entity,
    table: Table,
    called: Sequence[Pattern[Any]],
    settings: TableSettings,
    months: float,
) -> Bounds:
    """Return how many items of a kind are stored: those created, for as long as they are kept."""
    expiry = settings.expiry(table, kind)
    kept = months
    if expiry is not None:
        kept = min(months, expiry.seconds / DAY_SECONDS / MONTH_DAYS)
    return total([_created(pattern, kind, table) for pattern in called]) * kept


def _created(pattern: Pattern[Any], kind: Entity, table: Table) -> Bounds:
    """Items of a kind that a pattern creates in a month."""
    calls = pattern.per_month or 0.0
    if isinstance(pattern, TransactWrite):
        share = calls * pattern.items / len(pattern.parts)
        return total([creates(p) * share for p in pattern.parts if _is_of(p, kind, table)])
    return creates(pattern) * calls if _is_of(pattern, kind, table) else NOTHING


def _is_of(pattern: Pattern[Any], kind: Entity, table: Table) -> bool:
    return pattern.table is table and pattern.kind is kind


def _shared(stored: float, kind: Entity, kinds: Mapping[type, Bounds]) -> Bounds:
    """A given number of items, split over the kinds as they are created."""
    every = sum(span.most for span in kinds.values())
    if not every:
        return Bounds.of(stored / len(kinds))
    return Bounds.of(stored * kinds[kind.shape].most / every)


def _size(kind: Entity, table: Table, called: Sequence[Pattern[Any]]) -> int:
    """Bytes of an item of a kind: the largest that a pattern of it declares."""
    every = (action for pattern in called for action in pattern.actions)
    return max((p.item_bytes for p in every if _is_of(p, kind, table)), default=0)


def _copy(table: Table, kind: Entity, name: str, size: int, count: Bounds) -> Bounds:
    """Bytes of a kind's items in an index."""
    index = table.index(name)
    if any(kind.type_of(attribute) is None for attribute in index.key.attributes):
        return NOTHING
    whole = table.carried_by(index) is None
    always = all(kind.always_has(attribute) for attribute in index.key.attributes)
    least = (size if whole else 0) + STORAGE_OVERHEAD_BYTES
    return Bounds(
        count.least * least if always else 0.0, count.most * (size + STORAGE_OVERHEAD_BYTES)
    )


def _unknown(called: Sequence[Pattern[Any]], tables: list[TableCost]) -> Iterator[str]:
    for pattern in called:
        if pattern.per_month is None:
            yield f"{pattern.name}: declares no calls a month, so that it adds nothing."
    for row in tables:
        if not row.items.most:
            yield f"{row.table}: no pattern creates items in it, so that its storage is unknown."


def _warnings(called: Sequence[Pattern[Any]]) -> Iterator[str]:
    for pattern in called:
        if isinstance(pattern, Query) and pattern.hits < FEW_HITS:
            yield (
                f"{pattern.name}: keeps {pattern.hits:.1%} of the items that it reads, and pays "
                "for all. An index that holds only those would cost less to read."
            )


def stored_items(texts: Sequence[str], systems: Sequence[System]) -> dict[str, float]:
    """Read `TABLE=ITEMS`, for tables of these systems.

    Raises
    ------
    KeylineError
        If one says something else, or names no table.
    """
    tables = [table for system in systems for table in system.tables]
    found: dict[str, float] = {}
    for text in texts:
        name, _, number = text.partition("=")
        path = f"--stored {text}"
        digits = number.replace("_", "")
        if not digits.isascii() or not digits.isdecimal() or len(digits) > _MAX_DIGITS:
            example = f"Write --stored {tables[0].name}=600000."
            raise KeylineError(path, "is not TABLE=ITEMS, with a whole number.", example)
        found[named(name, tables, path, "table").name] = float(digits)
    return found
