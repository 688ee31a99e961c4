"""A sharded index reads like one without shards."""

from __future__ import annotations

import time
from typing import Any

import pytest

from keyline.run import Store
from keyline.run.errors import BadValueError
from tests.support.bench import Bench
from tests.support.sample.notes import (
    BY_TOPIC,
    BY_TOPIC_LAST,
    GET_NOTE,
    PUT_NOTE,
    TALLY_NOTE,
    Note,
    note,
)

NOW = float(round(time.time() * 1000))
SHARDS = 4


def _pages(store: Store, pattern: Any, limit: int) -> list[Note]:
    found: list[Note] = []
    cursor = None
    while True:
        page = store.query(pattern, limit=limit, cursor=cursor, topic="work")
        found += page.items
        assert len(page.items) == limit or page.cursor is None
        if page.cursor is None:
            return found
        cursor = page.cursor


@pytest.mark.requirement("T-06")
@pytest.mark.parametrize("limit", [1, 7, 20, 200])
@pytest.mark.parametrize("pattern", [BY_TOPIC, BY_TOPIC_LAST])
def test_the_same_items_in_the_same_order(bench: Bench, limit: int, pattern: Any) -> None:
    # Given the same notes in an index without shards and in one with
    plain, spread = bench.sharded(1), bench.sharded(SHARDS)
    other = bench.sharded(1)
    for n in range(60):
        spread.put(PUT_NOTE, note(f"owner-{n % 9}", NOW + n))
        other.put(PUT_NOTE, note(f"owner-{n % 9}", NOW + n + 0.5, topic="plain"))
    expected = [n.timestamp - 0.5 for n in other.items(pattern, topic="plain")]
    # When they are read in pages, and all at once
    found = _pages(spread, pattern, limit)
    # Then the shards are no more to be seen than in the other index
    assert [n.timestamp for n in found] == expected
    assert {n.topic for n in found} == {"work"}
    assert list(spread.items(pattern, topic="work")) == found
    # And they really are spread
    stored = {i["topic"]["S"] for i in bench.admin.scan(TableName=_table(bench))["Items"]}
    assert stored == {"plain", "work", "work#1", "work#2", "work#3"}
    assert 0 < len(list(plain.items(pattern, topic="work"))) < 60
    for store in (plain, spread, other):
        store.close()


def _table(bench: Bench) -> str:
    return f"StaffNotes-{bench.environment}"


@pytest.mark.parametrize("pattern", [BY_TOPIC, BY_TOPIC_LAST])
def test_pages_while_writes_happen(bench: Bench, pattern: Any) -> None:
    store = bench.sharded(SHARDS)
    before = [NOW + 10 * n for n in range(40)]
    for moment in before:
        store.put(PUT_NOTE, note("ann", moment))
    found: list[Note] = []
    cursor, written = None, 0
    while True:
        page = store.query(pattern, limit=3, cursor=cursor, topic="work")
        found += page.items
        cursor = page.cursor
        if cursor is None:
            break
        # When between two pages notes are written before, behind and among those read
        for moment in (NOW - 5, page.items[-1].timestamp + 3, page.items[-1].timestamp - 3):
            if written < 30:
                store.put(PUT_NOTE, note(f"late-{written}", moment))
                written += 1
    # Then all that was there before comes once, and everything in order
    moments = [n.timestamp for n in found]
    assert moments == sorted(moments, reverse=pattern.descending)
    assert [n.timestamp for n in found if n.owner == "ann"] == sorted(
        before, reverse=pattern.descending
    )
    assert len({(n.owner, n.timestamp) for n in found}) == len(found)
    store.close()


def test_ties_across_shards_come_once(bench: Bench) -> None:
    store = bench.sharded(SHARDS)
    for n in range(30):
        store.put(PUT_NOTE, note(f"owner-{n}", NOW))
    assert len({n.owner for n in _pages(store, BY_TOPIC, 4)}) == 30
    store.close()


def test_raising_the_number_of_shards_loses_nothing(bench: Bench) -> None:
    few, many = bench.sharded(1), bench.sharded(SHARDS)
    for n in range(10):
        few.put(PUT_NOTE, note("ann", NOW + n))
        many.put(PUT_NOTE, note("bob", NOW + n + 0.5))
    assert len(list(many.items(BY_TOPIC, topic="work"))) == 20
    few.close()
    many.close()


def test_an_update_keeps_to_the_items_shard(bench: Bench) -> None:
    store = bench.sharded(SHARDS)
    for n in range(12):
        store.put(PUT_NOTE, note("ann", NOW + n, topic="old"))
        changed = store.update(
            TALLY_NOTE, {"topic": "new", "name": "x"}, owner="ann", timestamp=NOW + n
        )
        assert changed.topic == "new"
        store.put(PUT_NOTE, note("bob", NOW + n, topic="new"))
    assert len(list(store.items(BY_TOPIC, topic="new"))) == 24
    assert list(store.items(BY_TOPIC, topic="old")) == []
    got = store.get(GET_NOTE, owner="ann", timestamp=NOW)
    assert got is not None
    assert got.topic == "new"
    store.close()


def test_a_value_that_looks_like_a_shard_is_refused(bench: Bench) -> None:
    store = bench.sharded(SHARDS)
    with pytest.raises(BadValueError, match="marks a shard"):
        store.put(PUT_NOTE, note("ann", NOW, topic="room#7"))
    with pytest.raises(BadValueError, match="marks a shard"):
        store.query(BY_TOPIC, topic="room#7")
    store.put(PUT_NOTE, note("ann", NOW, topic="room#seven"))
    assert len(store.query(BY_TOPIC, topic="room#seven").items) == 1
    store.close()
