"""Queries that leave items out: a page of N holds N, and what is read is what is metered."""

from __future__ import annotations

import contextlib
import math
import time
from typing import Any

import pytest
from msgspec.structs import replace

from keyline.model import Query, at_least, differs, item_size, not_, size_of
from keyline.run import Store
from tests.support.bench import Bench
from tests.support.sample.notes import (
    BY_NAME,
    BY_TOPIC,
    NOTES,
    NOTES_OF,
    NOTES_SINCE,
    PUT_NOTE,
    Note,
    note,
)

NOW = float(round(time.time() * 1000))
KEPT = replace(NOTES_OF, name="notes-of-kept", where=(at_least("size"),), hits=0.3)
SHARDED = replace(BY_TOPIC, name="by-topic-kept", where=(at_least("size"),), hits=0.3)


def _pages(store: Store, query: Query[Note], limit: int, **values: Any) -> list[list[Note]]:
    pages, cursor = list[list[Note]](), None
    while True:
        page = store.query(query, limit=limit, cursor=cursor, **values)
        pages.append(page.items)
        cursor = page.cursor
        if cursor is None:
            return pages


@pytest.mark.parametrize("limit", [1, 4, 7, 200])
@pytest.mark.parametrize("every", [1, 3, 11, 100])
def test_a_page_of_so_many_holds_as_many(bench: Bench, limit: int, every: int) -> None:
    # Given 60 notes, of which one in so many is to be kept
    notes = [note("ann", NOW + n, size=int(n % every == 0)) for n in range(60)]
    kept = [n for n in notes if n.size]
    with contextlib.closing(bench.sharded(3)) as store:
        for each in notes:
            store.put(PUT_NOTE, each)
        for query, key in ((KEPT, {"owner": "ann"}), (SHARDED, {"topic": "work"})):
            # When they are read page by page
            pages = _pages(store, query, limit, **key, size=1)
            # Then the pages are those notes, and each but the last holds as many as asked for
            assert [n.timestamp for page in pages for n in page] == [n.timestamp for n in kept]
            assert all(len(page) == limit for page in pages[:-1])
            assert [n.timestamp for n in store.items(query, **key, size=1)] == [
                n.timestamp for n in kept
            ]


def test_all_that_is_read_is_metered(bench: Bench) -> None:
    with contextlib.closing(bench.store()) as store:
        notes = [note("ann", NOW + n, size=n, topic="x" * 900) for n in range(20)]
        for each in notes:
            store.put(PUT_NOTE, each)
        table = NOTES.physical_name(bench.environment)
        stored = bench.admin.scan(TableName=table)["Items"]
        # When two of twenty are kept
        page = store.query(KEPT, owner="ann", size=18)
        assert [n.size for n in page.items] == [18, 19]
        # Then all twenty are paid for, and the floor is not guessed
        call = store.meter.calls[-1]
        assert call.items == 2
        assert call.read == math.ceil(sum(map(item_size, stored)) / 4096) / 2
        assert call.floor is None


def test_what_an_item_lacks_counts_as_its_default(bench: Bench) -> None:
    few = replace(KEPT, where=(not_(at_least("count")), at_least(size_of("tags"), "tags")))
    some = replace(KEPT, where=(at_least("count"),))
    other = replace(KEPT, where=(differs("count"),))
    with contextlib.closing(bench.store()) as store:
        store.put(PUT_NOTE, note("ann", NOW))
        # Given an item from before there were counts, and without tags
        key = {"owner": {"S": "ann"}, "timestamp": {"N": f"{NOW:.0f}"}}
        bench.admin.update_item(
            TableName=NOTES.physical_name(bench.environment),
            Key=key,
            UpdateExpression="REMOVE #c",
            ExpressionAttributeNames={"#c": "count"},
        )
        assert len(store.query(some, owner="ann", count=0).items) == 1
        assert not store.query(some, owner="ann", count=1).items
        assert len(store.query(other, owner="ann", count=1).items) == 1
        assert not store.query(other, owner="ann", count=0).items
        assert len(store.query(few, owner="ann", count=1, tags=0).items) == 1
        assert not store.query(few, owner="ann", count=0, tags=0).items
        assert not store.query(few, owner="ann", count=1, tags=1).items


def test_a_count_is_that_of_what_a_read_gives(bench: Bench) -> None:
    # Given notes in three shards, of which some have expired
    with contextlib.closing(bench.sharded(3)) as store:
        for n in range(30):
            ttl = int(time.time()) + (-60 if n % 4 == 0 else 600)
            store.put(PUT_NOTE, note("ann", NOW + n, size=n % 3, ttl=ttl))
        for query, values in (
            (NOTES_OF, {"owner": "ann"}),
            (BY_TOPIC, {"topic": "work"}),
            (KEPT, {"owner": "ann", "size": 2}),
            (SHARDED, {"topic": "work", "size": 1}),
            (NOTES_SINCE, {"owner": "ann", "timestamp": NOW + 20}),
            (BY_NAME, {"name": "mine", "timestamp": (NOW + 9, NOW)}),
        ):
            # Then it is as many as are read, for as much
            before = len(store.meter.calls)
            expected = len(list(store.items(query, **values)))
            read = sum(call.read for call in store.meter.calls[before:])
            before = len(store.meter.calls)
            assert store.count(query, **values) == expected
            calls = store.meter.calls[before:]
            assert sum(call.read for call in calls) == read
            assert sum(call.items for call in calls) == expected


def test_a_count_goes_on_where_a_page_of_dynamodb_ends(bench: Bench) -> None:
    # Given items of 1.5 MB, of which DynamoDB reads 1 MB in one call
    table = NOTES.physical_name(bench.environment)
    for n in range(4):
        key = {"owner": {"S": "ann"}, "timestamp": {"N": str(n)}}
        bench.admin.put_item(TableName=table, Item={**key, "more": {"S": "x" * 390_000}})
    with contextlib.closing(bench.store()) as store:
        assert store.count(NOTES_OF, owner="ann") == 4
        assert len(store.meter.calls) > 1
