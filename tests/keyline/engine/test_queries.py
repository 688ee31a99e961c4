"""Pages, cursors, expired items, sort key conditions."""

from __future__ import annotations

import time
from typing import Any

import pytest

from keyline.model import Query
from keyline.run import Store
from keyline.run.errors import BadCallError, InvalidCursorError
from tests.support.bench import Bench
from tests.support.sample.accounts import (
    BY_REASON,
    EVENTS,
    EVENTS_BEFORE,
    EVENTS_BETWEEN,
    EVENTS_FROM,
    EVENTS_NUMBERED,
    EVENTS_OF_DAY,
    EVENTS_OF_MONTH,
    EXPLAIN,
    PUT_ACCOUNT,
    PUT_EVENT,
    Account,
    Event,
)
from tests.support.sample.notes import (
    BY_NAME,
    BY_STATUS,
    GET_NOTE,
    GET_NOTES,
    GET_TITLE,
    NOTES_OF,
    NOTES_SINCE,
    PUT_NOTE,
    Note,
    note,
)

NOW = float(round(time.time() * 1000))
DAY_MS = 86_400_000.0


def _all(store: Store, limit: int, **values: Any) -> list[Note]:
    found: list[Note] = []
    cursor = None
    while True:
        page = store.query(BY_NAME, limit=limit, cursor=cursor, caller="ann", **values)
        found += page.items
        cursor = page.cursor
        if cursor is None:
            return found


@pytest.mark.requirement("T-50", "T-57")
@pytest.mark.parametrize("limit", [1, 3, 7, 25, 26])
def test_pages_with_ties_hold_each_item_once(store: Store, limit: int) -> None:
    # Given 25 notes of one name, five at each of five moments
    for n in range(25):
        store.put(PUT_NOTE, note(f"owner-{n}", NOW + n // 5))
    # When they are read in pages
    found = _all(store, limit, name="plan", timestamp=(NOW, NOW + 10))
    # Then each comes once, in the order of time
    assert sorted(n.owner for n in found) == sorted(f"owner-{n}" for n in range(25))
    assert [n.timestamp for n in found] == sorted(n.timestamp for n in found)


@pytest.mark.requirement("X-04")
def test_a_page_of_n_holds_n_though_items_have_expired(store: Store) -> None:
    # Given 60 notes of which only every fifth has not expired
    past = NOW - 40 * DAY_MS
    for n in range(60):
        moment = past + n
        ttl = None if n % 5 == 0 else int(time.time()) - 1
        store.put(PUT_NOTE, note("ann", moment, ttl=ttl if ttl else int(time.time()) + 3600))
    # When pages of five are read
    first = store.query(NOTES_OF, limit=5, owner="ann")
    second = store.query(NOTES_OF, limit=5, cursor=first.cursor, owner="ann")
    third = store.query(NOTES_OF, limit=5, cursor=second.cursor, owner="ann")
    # Then each holds five while there are five, and none has expired
    moments = [n.timestamp - past for n in (*first.items, *second.items, *third.items)]
    assert moments == [5.0 * n for n in range(12)]
    assert [len(p.items) for p in (first, second, third)] == [5, 5, 2]
    assert third.cursor is None


@pytest.mark.requirement("X-04")
def test_what_has_expired_is_not_read_by_any_operation(store: Store) -> None:
    store.put(PUT_NOTE, note("ann", NOW, status="open", ttl=int(time.time()) - 1))
    assert store.get(GET_NOTE, owner="ann", timestamp=NOW) is None
    assert store.get(GET_TITLE, owner="ann", timestamp=NOW) is None
    assert store.query(NOTES_OF, owner="ann").items == []
    assert store.query(BY_STATUS, status="open").items == []
    assert list(store.items(NOTES_OF, owner="ann")) == []
    assert store.batch_get(GET_NOTES, keys=[{"owner": "ann", "timestamp": NOW}]) == []


def test_expiry_is_counted_from_the_moment_the_note_holds(store: Store) -> None:
    stored = store.put(PUT_NOTE, note("ann", NOW))
    assert stored.ttl == int(NOW / 1000 + 30 * 86_400)
    assert store.get(GET_NOTE, owner="ann", timestamp=NOW) == stored


def _cursor(store: Store, **more: str) -> str:
    page = store.query(BY_NAME, limit=2, name="plan", timestamp=(0, NOW + 99), **more)
    assert page.cursor
    return page.cursor


def test_a_cursor_is_good_for_its_own_query_only(bench: Bench, store: Store) -> None:
    for n in range(6):
        store.put(PUT_NOTE, note("ann", NOW + n))
    cursor = _cursor(store, caller="ann")
    window = (0, NOW + 99)

    def read(reader: Store = store, token: str = cursor, **more: Any) -> int:
        values: dict[str, Any] = {"caller": "ann", "name": "plan", "timestamp": window, **more}
        return len(reader.query(BY_NAME, limit=9, cursor=token, **values).items)

    # It goes on where it ended, in another process with the same secret too
    assert read() == 4
    assert read(bench.store()) == 4
    # And is refused for anything else
    flipped = cursor[:50] + ("A" if cursor[50] != "A" else "B") + cursor[51:]
    for attempt in (
        lambda: read(caller="bob"),
        lambda: read(name="other"),
        lambda: read(timestamp=(1, NOW + 99)),
        lambda: read(bench.store(cursor_secret=b"another")),
        lambda: read(token=flipped),
        lambda: read(token=cursor[:-4]),
        lambda: read(token=cursor + "AAAA"),
        lambda: read(token="no cursor at all"),
        lambda: read(token=""),
        lambda: read(token="é" * 60),
        lambda: store.query(NOTES_OF, cursor=cursor, caller="ann", owner="ann"),
    ):
        with pytest.raises(InvalidCursorError):
            attempt()


def test_a_page_limit_has_bounds(store: Store) -> None:
    for limit in (0, -1, NOTES_OF.max_page + 1):
        with pytest.raises(BadCallError, match="limit"):
            store.query(NOTES_OF, limit=limit, owner="ann")


def test_values_have_to_be_those_of_the_pattern(store: Store) -> None:
    with pytest.raises(BadCallError, match=r"lacks timestamp.*does not know when"):
        store.query(BY_NAME, name="plan", when=(1, 2))
    with pytest.raises(BadCallError, match="is not a pair"):
        store.query(BY_NAME, name="plan", timestamp=5)


def test_descending_from_a_bound(store: Store) -> None:
    for n in range(5):
        store.put(PUT_NOTE, note("ann", NOW + n))
    page = store.query(NOTES_SINCE, owner="ann", timestamp=NOW + 2)
    assert [n.timestamp - NOW for n in page.items] == [4, 3, 2]


def test_items_reads_all_pages(store: Store) -> None:
    # Given more than one page of 1 MB
    for n in range(12):
        store.put(PUT_NOTE, note("ann", NOW + n, tags={"y" * 120_000}))
    assert len(list(store.items(NOTES_OF, owner="ann"))) == 12
    assert len([c for c in store.meter.calls if c.operation == "Query"]) == 2


def test_conditions_on_a_key_template(store: Store) -> None:
    store.put(PUT_ACCOUNT, Account(accountId=1, name="Ann"))
    for day in ("2026-10-31", "2026-11-01", "2026-11-02", "2026-12-01"):
        for number in (1, 2, 10):
            store.put(PUT_EVENT, Event(accountId=1, day=day, number=number))
    store.put(PUT_EVENT, Event(accountId=2, day="2026-11-01", number=1))

    def days(pattern: Query[Event], **values: Any) -> list[str]:
        page = store.query(pattern, accountId=1, **values)
        return [f"{e.day[5:]}/{e.number}" for e in page.items]

    everything = [f"{d}/{n}" for d in ("10-31", "11-01", "11-02", "12-01") for n in (1, 2, 10)]
    assert days(EVENTS) == everything
    assert days(EVENTS_OF_DAY, day="2026-11-01") == everything[3:6]
    assert days(EVENTS_BETWEEN, day=("2026-11-01", "2026-11-02")) == everything[3:9]
    assert days(EVENTS_FROM, day="2026-11-02") == everything[6:]
    assert days(EVENTS_BEFORE, day="2026-11-02") == everything[:6]
    assert days(EVENTS_OF_MONTH, day="2026-11") == everything[3:9]
    assert days(EVENTS_NUMBERED, day="2026-11-01", number=(2, 9)) == ["11-01/2"]


def test_an_index_of_keys_alone_follows_its_template(store: Store) -> None:
    store.put(PUT_EVENT, Event(accountId=1, day="2026-11-01", number=1))
    store.put(PUT_EVENT, Event(accountId=1, day="2026-11-01", number=2, reason="fee"))
    assert [r.sk for r in store.items(BY_REASON, reason="fee")] == ["EVENT#2026-11-01#000002"]
    # When a reason changes, what is made of it changes too
    key: dict[str, Any] = {"accountId": 1, "day": "2026-11-01"}
    store.update(EXPLAIN, {"reason": "gift"}, **key, number=1)
    store.update(EXPLAIN, {"reason": None}, **key, number=2)
    assert [r.sk for r in store.items(BY_REASON, reason="gift")] == ["EVENT#2026-11-01#000001"]
    assert list(store.items(BY_REASON, reason="fee")) == []
