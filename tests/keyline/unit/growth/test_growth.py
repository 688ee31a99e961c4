"""Growth of storage: a month over a month, from daily snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from msgspec.structs import replace

from keyline.growth import FUNCTION, Growth, SizeSnapshot, growth_table, measure
from keyline.growth.measure import SizeWatch, growth_percent, handler_of, snapshot_of
from keyline.metrics import MetricUnit
from keyline.model import ALL, DeclarationError, Index, Key, Query, System, Table
from keyline.run import Page


class Item(SizeSnapshot, kw_only=True):
    """An item of a table that grows."""


TABLE = Table(
    "Watched",
    "Key design:\ntableName: any key does here.",
    key=Key("tableName", "day"),
    entities=[Item],
    indexes=[Index(name="ByDay", key=Key("day"), why="To have one.", projection=ALL)],
)
GROWTH = Growth(growth_table("WatchedSizes"))
TODAY = datetime(2026, 3, 31, 5, tzinfo=UTC)


def snapshot(size: int, day: str = "2026-03-01") -> SizeSnapshot:
    """Return a snapshot of a table of so many bytes, as many in its index."""
    return SizeSnapshot(
        tableName="Watched", day=day, tableBytes=size, indexBytes={"ByDay": size}, items=1
    )


class Snapshots:
    """Snapshots in memory, asked as the store is."""

    def __init__(self, *kept: SizeSnapshot) -> None:
        self.kept = {(s.tableName, s.day): s for s in kept}

    def table_name(self, table: Table) -> str:
        return table.physical_name("dev")

    def put(self, pattern: object, item: SizeSnapshot) -> SizeSnapshot:
        assert pattern is GROWTH.put
        self.kept[item.tableName, item.day] = item
        return item

    def query(self, pattern: object, **asked: Any) -> Page[SizeSnapshot]:
        assert pattern is GROWTH.past
        first, last = asked["day"]
        found = [s for (name, day), s in self.kept.items() if first <= day <= last]
        found.sort(key=lambda s: s.day, reverse=True)
        return Page(found[: asked["limit"]], None)


class Published:
    """Metrics in memory."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, tuple[str, ...]], float] = {}

    def put(self, name: str, value: float, unit: MetricUnit, **dimensions: str) -> None:
        self.values[name, tuple(dimensions.values())] = value


def run(*kept: SizeSnapshot, size: int) -> tuple[Snapshots, Published]:
    """Return what a run on a table of so many bytes keeps and publishes."""
    snapshots, published = Snapshots(*kept), Published()

    def describe(name: str) -> Mapping[str, Any]:
        assert name == "Watched-dev"
        indexes = [{"IndexName": "ByDay", "IndexSizeBytes": size}]
        return {"TableSizeBytes": size, "ItemCount": 2, "GlobalSecondaryIndexes": indexes}

    watch = SizeWatch(
        store=snapshots,  # type: ignore[arg-type] # as much of a store as it uses
        growth=GROWTH,
        tables=[TABLE],
        describe=describe,
        metrics=published,  # type: ignore[arg-type] # as much of the metrics as it uses
    )
    watch.run(TODAY.timestamp())
    return snapshots, published


@pytest.mark.requirement("T-68")
@pytest.mark.parametrize(
    ("age", "percent"), [(29, None), (30, 60.0), (45, 60.0), (46, None), (400, None)]
)
def test_growth_is_told_against_a_snapshot_of_30_to_45_days_ago(
    age: int, percent: float | None
) -> None:
    day = (TODAY.date() - timedelta(days=age)).isoformat()
    _, published = run(snapshot(100, day), size=160)
    assert published.values.get(("StorageGrowthPercent", ("Watched",))) == percent


@pytest.mark.requirement("T-68")
def test_of_several_snapshots_the_one_nearest_to_a_month_ago_counts() -> None:
    kept = [snapshot(50, "2026-02-20"), snapshot(80, "2026-03-01"), snapshot(1, "2026-03-02")]
    _, published = run(*kept, size=160)
    assert published.values["StorageGrowthPercent", ("Watched",)] == 100.0


def test_sizes_are_kept_once_a_day_and_published_for_table_and_index() -> None:
    snapshots, published = run(size=160)
    assert [s.total_bytes for s in snapshots.kept.values()] == [320]
    assert published.values == {
        ("TableSizeBytes", ("Watched",)): 160,
        ("IndexSizeBytes", ("Watched", "ByDay")): 160,
    }
    snapshots, _ = run(snapshot(1, TODAY.date().isoformat()), size=160)
    assert [s.tableBytes for s in snapshots.kept.values()] == [160]


def test_growth_from_nothing_is_none_and_shrinking_is_negative() -> None:
    assert growth_percent(snapshot(0), snapshot(10)) is None
    assert growth_percent(snapshot(10), snapshot(5)) == -50


def test_a_new_table_is_described_without_indexes_or_sizes() -> None:
    taken = snapshot_of("Watched", {}, date(2026, 1, 1).isoformat())
    assert (taken.total_bytes, taken.indexBytes) == (0, {})


def watched(*tables: Table) -> System:
    """Return a system whose function watches these tables."""
    listing = Query(
        name="by-day",
        why="To use the index.",
        table=TABLE,
        index="ByDay",
        shape=Item,
        item_bytes=100,
        per_month=1,
    )
    function = GROWTH.function("watched", *tables)
    return System(
        name="watched",
        title="Watched",
        tables=(TABLE, GROWTH.table),
        functions=(replace(function, patterns=(*function.patterns, listing)),),
    )


def test_the_function_of_a_system_is_declared_in_one_line() -> None:
    function = GROWTH.function("watched", TABLE, GROWTH.table)
    assert (function.name, function.handler) == (
        "table-sizes",
        "watched.handlers.table_sizes.handler",
    )
    assert function.why == (
        "Keeps a daily snapshot of table sizes, and reports how fast the tables grow."
    )
    assert GROWTH.function("watched", TABLE).why == (
        "Keeps a daily snapshot of the table's size, and reports how fast the table grows."
    )
    assert {(access.action, access.table) for access in function.access} == {
        ("PutItem", "WatchedSizes"),
        ("Query", "WatchedSizes"),
        ("DescribeTable", "Watched"),
        ("DescribeTable", "WatchedSizes"),
    }


@pytest.mark.parametrize("tables", [(TABLE,), (TABLE, GROWTH.table)])
def test_the_handler_takes_a_snapshot_of_each_declared_table(
    tables: tuple[Table, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[SizeSnapshot] = []
    store = Mock(environment="dev")
    store.put.side_effect = lambda pattern, snapshot: kept.append(snapshot)
    store.query.return_value = Page([], None)
    monkeypatch.setattr(measure, "Store", Mock(**{"for_function.return_value": store}))
    monkeypatch.setattr(measure, "dynamodb_describe", lambda _: lambda name: {"TableSizeBytes": 7})

    answer = handler_of(watched(*tables), GROWTH)({}, None)

    names = [table.name for table in tables]
    assert [snapshot.tableName for snapshot in kept] == names
    assert answer == {"tables": dict.fromkeys(names, 7)}


def test_a_system_without_the_function_has_no_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "Store", Mock())
    system = watched(TABLE)
    (function,) = system.functions
    other = replace(system, functions=(replace(function, name="other"),))
    with pytest.raises(DeclarationError, match=FUNCTION):
        handler_of(other, GROWTH)
