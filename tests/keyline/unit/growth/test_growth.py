"""Growth of storage: a month over a month, from daily snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from keyline.growth import Growth, SizeSnapshot, growth_table
from keyline.growth.measure import SizeWatch, growth_percent, snapshot_of
from keyline.metrics import MetricUnit
from keyline.model import ALL, Index, Key, Table
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
    """A snapshot of a table of so many bytes, as many in its index."""
    return SizeSnapshot(
        tableName="Watched", day=day, tableBytes=size, indexBytes={"ByDay": size}, items=1
    )


class Snapshots:
    """Snapshots in memory, asked as the store is."""

    def __init__(self, *kept: SizeSnapshot) -> None:
        self.kept = {(s.tableName, s.day): s for s in kept}

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
    """What a run on a table of so many bytes keeps and publishes."""
    snapshots, published = Snapshots(*kept), Published()

    def describe(name: str) -> Mapping[str, Any]:
        assert name == "Watched-dev"
        indexes = [{"IndexName": "ByDay", "IndexSizeBytes": size}]
        return {"TableSizeBytes": size, "ItemCount": 2, "GlobalSecondaryIndexes": indexes}

    watch = SizeWatch(
        store=snapshots,  # type: ignore[arg-type] # as much of a store as it uses
        growth=GROWTH,
        tables=[TABLE],
        environment="dev",
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
