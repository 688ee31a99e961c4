"""The forecast of a system's costs in a month, from its declaration and the price list.

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
from keyline.model import Pattern, Query, System
from keyline.run import TableSettings
from keyline_deploy.environment import Capacity
from keyline_ops.costs.capacity import CapacityCost, capacity_costs
from keyline_ops.costs.prices import MILLION, Prices
from keyline_ops.costs.services import ServiceCost
from keyline_ops.costs.storage import TableCost, table_cost
from keyline_ops.costs.units import NOTHING, Bounds, Place, total, units_by_place
from keyline_ops.costs.usage import HORIZON_MONTHS, Usage

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
    "Not counted: KMS requests, X-Ray, Contributor Insights, S3, SQS, SNS, secrets, a cache, "
    "models, backups, exports, data transfer.",
)

_MAX_DIGITS = 15
"""Of a number of items: more than any table has, and a float still tells them apart."""


@dataclass(frozen=True)
class PatternCost:
    """The cost of a pattern in a month.

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
    units_by_place
        The units of the month by table and index: a write costs in each index too.
    """

    pattern: str
    operation: str
    target: str
    kind: str
    calls: float | None
    units_per_call: Bounds
    units: Bounds
    usd: Bounds
    units_by_place: Mapping[Place, Bounds]


@dataclass(frozen=True)
class IndexCost:
    """The cost of an index in a month.

    Attributes
    ----------
    gb
        With the storage overhead.
    write_units, read_units
        Of the writes that change it, and of the queries that it answers.
    """

    table: str
    index: str
    gb: Bounds
    write_units: Bounds
    read_units: Bounds
    storage_usd: Bounds
    writes_usd: Bounds
    reads_usd: Bounds

    @property
    def usd(self) -> Bounds:
        """All of it: what the system saves without the index."""
        return self.storage_usd + self.writes_usd + self.reads_usd


@dataclass(frozen=True)
class Forecast:
    """The cost of a system in a month.

    Attributes
    ----------
    prices
        The day from which the prices hold.
    services
        What is billed beside DynamoDB; empty where only DynamoDB was asked for.
    capacity
        By table and index: what its requests cost on demand, and with provisioned capacity.
    unknown
        What the declaration does not tell, and which is therefore not in the sum.
    warnings
        Patterns that pay for much more than they use.
    """

    system: str
    prices: str
    patterns: tuple[PatternCost, ...]
    tables: tuple[TableCost, ...]
    indexes: tuple[IndexCost, ...]
    capacity: tuple[CapacityCost, ...]
    unknown: tuple[str, ...]
    warnings: tuple[str, ...]
    assumptions: tuple[str, ...] = ASSUMPTIONS
    services: tuple[ServiceCost, ...] = ()

    @property
    def requests_usd(self) -> Bounds:
        """All calls, as each table bills them."""
        return total([row.usd for row in self.capacity])

    @property
    def storage_usd(self) -> Bounds:
        """Storage and recovery: what is billed in a month without a single call."""
        return total([row.storage_usd + row.recovery_usd for row in self.tables])

    @property
    def services_usd(self) -> Bounds:
        """The costs that are billed beside DynamoDB."""
        return total([row.usd for row in self.services])

    @property
    def usd(self) -> Bounds:
        """The whole month."""
        return self.requests_usd + self.storage_usd + self.services_usd

    @property
    def items(self) -> float:
        """The most items that all tables hold."""
        return sum(row.items.most for row in self.tables)

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
        calls = [each.usd for each in self.capacity if each.table == table]
        return total([row.storage_usd, row.recovery_usd, *calls])


def forecast(
    system: System,
    settings: msgspec.Struct,
    prices: Prices,
    *,
    months: float = HORIZON_MONTHS,
    stored: Mapping[str, float] | None = None,
    usage: Usage | None = None,
    capacity: Capacity | None = None,
    services: Sequence[ServiceCost] = (),
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
    usage
        How much it is used; by default as it declares, with `months` and `stored`.
    capacity
        Which tables have provisioned capacity; None if all are billed on demand.
    services
        What is billed beside DynamoDB.
    """
    used = usage or Usage.declared(system, months=months, stored=stored)
    resolved = TableSettings(settings)
    called = system.called
    tables = [table_cost(table, called, resolved, prices, used) for table in system.tables]
    patterns = tuple(_pattern(pattern, resolved, prices, used) for pattern in called)
    return Forecast(
        system.name,
        prices.since.isoformat(),
        patterns,
        tuple(tables),
        tuple(_indexes(system, patterns, tables, prices)),
        tuple(capacity_costs(system, units_of(patterns), prices, capacity)),
        tuple(_unknown(called, tables, used, services)),
        tuple(_warnings(called)),
        (*used.notes, *ASSUMPTIONS),
        tuple(services),
    )


def units_of(patterns: Sequence[PatternCost]) -> dict[tuple[Place, str], Bounds]:
    """Add up the units of a month by table and index, and by kind: `read` or `write`."""
    found: dict[tuple[Place, str], Bounds] = {}
    for row in patterns:
        for place, units in row.units_by_place.items():
            found[place, row.kind] = found.get((place, row.kind), NOTHING) + units
    return found


def _pattern(
    pattern: Pattern[Any], settings: TableSettings, prices: Prices, usage: Usage
) -> PatternCost:
    by_place = units_by_place(pattern, settings)
    each = total(list(by_place.values()))
    if (measured := usage.units.get(pattern.name)) is not None:
        share = measured / each.most
        by_place = {place: Bounds.of(units.most * share) for place, units in by_place.items()}
        each = Bounds.of(measured)
    calls = usage.calls.get(pattern.name)
    times = calls or 0.0
    rate = (prices.read_million if pattern.reads else prices.write_million) / MILLION
    return PatternCost(
        pattern.name,
        pattern.operation,
        pattern.target,
        "read" if pattern.reads else "write",
        calls,
        each,
        each * times,
        each * times * rate,
        {place: units * times for place, units in by_place.items()},
    )


def _indexes(
    system: System, patterns: Sequence[PatternCost], tables: Sequence[TableCost], prices: Prices
) -> Iterator[IndexCost]:
    units = units_of(patterns)
    for table, stored in zip(system.tables, tables, strict=True):
        for index in table.indexes:
            place = (table.name, index.name)
            writes, reads = (
                units.get((place, "write"), NOTHING),
                units.get((place, "read"), NOTHING),
            )
            gb = stored.indexes_gb[index.name]
            yield IndexCost(
                *place,
                gb,
                writes,
                reads,
                gb * prices.storage,
                writes * (prices.write_million / MILLION),
                reads * (prices.read_million / MILLION),
            )


def _unknown(
    called: Sequence[Pattern[Any]],
    tables: Sequence[TableCost],
    usage: Usage,
    services: Sequence[ServiceCost],
) -> Iterator[str]:
    for pattern in called:
        if pattern.name not in usage.calls:
            yield f"{pattern.name}: declares no calls a month, so that it adds nothing."
    for row in tables:
        if not row.items.most:
            yield f"{row.table}: no pattern creates items in it, so that its storage is unknown."
    for service in services:
        if not service.known:
            yield f"{service.what}: nothing says how often it is invoked, so that it adds nothing."


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
