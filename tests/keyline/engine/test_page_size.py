"""Pages end where an answer is full, and go on from there without loss or repeat."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyline import payload
from keyline.model import Query
from keyline.payload import MAX_ITEMS, json_of, size_of
from keyline.run import Page, Store
from tests.support.bench import Bench
from tests.support.jumping_clock import jumping_clock
from tests.support.sample.notes import (
    BY_TOPIC,
    BY_TOPIC_LAST,
    NOTES_OF,
    PUT_NOTE,
    WRITE_NOTES,
    Note,
    note,
)

NOW = float(round(time.time() * 1000))
SMALL = 4_000
"""Bytes of an answer, in tests of many small pages."""

texts = st.text(st.sampled_from(["a", '"', "\\", "\n", "\x01", "é", "\u2028", "😀"]), max_size=40)
responses = st.builds(lambda text, times: text * times, texts, st.integers(1, 40))


class Title(msgspec.Struct):
    """The view of a note on some pages: more bytes than the note has."""

    owner: str
    response: list[str]

    @classmethod
    def of(cls, note: Note) -> Title:
        """Return what is shown of a note."""
        return cls(note.owner, [note.response] * 3)


def pages(store: Store, query: Query[Note], **asked: Any) -> Iterator[Page[Any]]:
    """Yield all pages of a query."""
    cursor = None
    while True:
        page = store.query(query, cursor=cursor, **asked)
        yield page
        cursor = page.cursor
        if cursor is None:
            return


@pytest.fixture
def spread(bench: Bench) -> Iterator[Store]:
    """A store with an index of three shards."""
    made = bench.sharded(3)
    yield made
    made.close()


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    stored=st.lists(responses, max_size=40),
    limit=st.integers(1, 40),
    view=st.sampled_from([None, Title.of]),
)
def test_pages_joined_are_the_list_and_each_fits(
    spread: Store,
    stored: list[str],
    limit: int,
    view: Callable[[Note], Title] | None,
) -> None:
    for old in spread.items(BY_TOPIC, topic="work"):
        spread.batch_write(WRITE_NOTES, deletes=[{"owner": old.owner, "timestamp": old.timestamp}])
    owners = [f"owner-{n % 4}" for n in range(len(stored))]
    notes = [
        note(owner, NOW + n // 3, response=text)  # some of one moment, in several shards
        for n, (owner, text) in enumerate(zip(owners, stored, strict=True))
    ]
    spread.batch_write(WRITE_NOTES, puts=notes)
    for query, key in ((BY_TOPIC, {"topic": "work"}), (BY_TOPIC_LAST, {"topic": "work"})):
        whole = [Title.of(n) if view else n for n in spread.items(query, **key)]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(payload, "MAX_ITEMS", SMALL)
            asked = {"limit": limit, **key, **({"view": view} if view else {})}
            read = list(pages(spread, query, **asked))
        assert [item for page in read for item in page.items] == whole
        for page in read:
            assert page.items or page is read[-1]
            assert len(page.items) <= limit
            assert len(page.items) == 1 or size_of(json_of(page.items)) <= SMALL + len("[]")


def test_pages_joined_are_the_list_although_the_clock_jumps_between_them(spread: Store) -> None:
    day = 86_400.0
    for n in range(12):
        spread.put(PUT_NOTE, note(f"owner-{n % 4}", NOW + n))
    for query in (BY_TOPIC, BY_TOPIC_LAST):
        whole = list(spread.items(query, topic="work"))
        read: list[Any] = []
        with jumping_clock() as clock:
            for page in pages(spread, query, topic="work", limit=2):
                read += page.items
                clock.jump(day)
        assert len(whole) == 12
        assert read == whole


def test_an_item_that_cannot_be_shown_fails_the_page_that_it_is_on(store: Store) -> None:
    # Given four notes, of which an answer takes two
    for n in range(4):
        store.put(PUT_NOTE, note("ann", NOW + n, response="x" * 1_500))

    def view(item: Note) -> str:
        if item.timestamp == NOW + 3:
            raise ValueError("cannot be shown")
        return item.response

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(payload, "MAX_ITEMS", SMALL)
        # When the last of them cannot be shown, then the first page is whole
        page = store.query(NOTES_OF, view=view, owner="ann")
        assert len(page.items) == 2
        # And the second fails
        with pytest.raises(ValueError, match="cannot be shown"):
            store.query(NOTES_OF, view=view, owner="ann", cursor=page.cursor)


def test_a_page_of_large_items_reads_little_more_than_it_shows(store: Store) -> None:
    # Given more than an answer of items of 100 KB
    text = "".join(chr(33 + n * n % 90) for n in range(100_000))
    for n in range(80):
        store.put(PUT_NOTE, note("ann", NOW + n, tags={text}))
    size = size_of(json_of(note("ann", NOW, tags={text}, ttl=1_800_000_000)))
    # When a page of all is asked for
    page = store.query(NOTES_OF, limit=80, owner="ann")
    # Then it shows what fits, and has read no more than what DynamoDB gives at once beyond that
    assert len(page.items) >= MAX_ITEMS // size - 1
    assert page.cursor is not None
    read = sum(call.items for call in store.meter.calls if call.operation == "Query")
    assert read <= len(page.items) + 1_000_000 // 100_000


def test_pages_of_compressed_texts_do_not_read_the_rest_of_the_list_each_time(
    store: Store,
) -> None:
    # Given items that are a hundred times larger when they are shown
    count = 150
    for n in range(count):
        store.put(PUT_NOTE, note("ann", NOW + n, response="Think of it. " * 20_000))
    # When they are paged through with the largest limit
    read = list(pages(store, NOTES_OF, limit=count, owner="ann"))
    # Then only the first page, which cannot know that, reads far beyond its end
    assert [len(page.items) for page in read] == [23] * 6 + [12]
    calls = [call.items for call in store.meter.calls if call.operation == "Query"]
    assert calls == [count, *[23] * 5, 12]


def test_a_stretch_of_expired_items_is_passed_soon_behind_large_ones(store: Store) -> None:
    # Given large items, and behind them a thousand that have expired
    past = int(time.time()) - 1
    for n in range(3):
        store.put(PUT_NOTE, note("ann", NOW - 10 + n, response="Think of it. " * 200_000))
    store.batch_write(
        WRITE_NOTES, puts=[note("ann", NOW + n, ttl=past, size=n) for n in range(1_000)]
    )
    # When the second page begins with what it knows of the large ones
    first = store.query(NOTES_OF, limit=20, owner="ann")
    begun = len(store.meter.calls)
    second = store.query(NOTES_OF, limit=20, owner="ann", cursor=first.cursor)
    # Then it asks for twice as many each time
    assert (len(first.items), len(second.items), second.cursor) == (2, 1, None)
    assert len(store.meter.calls) - begun <= 12


def test_an_item_that_fits_into_no_answer_does_not_hide_the_next_ones(store: Store) -> None:
    huge = "Think of it. " * 1_000_000
    for n, text in enumerate(("a", huge, "b")):
        store.put(PUT_NOTE, note("ann", NOW + n, response=text))
    shown = [[n.response for n in page.items] for page in pages(store, NOTES_OF, owner="ann")]
    assert shown == [["a"], [huge], ["b"]]
