"""Test that what each operation consumes equals what the sizes of its items imply."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from keyline.run import Read, Store, Write
from keyline.run.meter import Call
from tests.support.bench import Bench
from tests.support.sample.accounts import (
    ACCOUNT_EXISTS,
    GET_ACCOUNT,
    GET_EVENT,
    PAY,
    PUT_ACCOUNT,
    PUT_BOTH,
    PUT_EVENT,
    READ_BOTH,
    Account,
    Event,
)
from tests.support.sample.notes import (
    BY_NAME,
    BY_STATUS,
    COUNT_NOTE,
    DROP_NOTE,
    EDIT_NOTE,
    GET_NOTE,
    GET_NOTE_NOW,
    GET_NOTES,
    GET_TITLE,
    NOTES_OF,
    PUT_NOTE,
    REPLACE_NOTE,
    note,
)

Last = Callable[[], Call]
NOW = float(round(time.time() * 1000))


def _units(call: Call) -> tuple[float, float | None]:
    return call.read + call.write, call.floor


@pytest.mark.requirement("T-80")
@pytest.mark.parametrize(
    ("letters", "status", "units"),
    [(10, None, 3.0), (10, "open", 4.0), (280, None, 3.0), (9000, "open", 4.0)],
)
def test_a_put_costs_one_write_per_copy(
    store: Store, last: Last, letters: int, status: str | None, units: float
) -> None:
    # Given a text that is stored compressed when it is long
    store.put(PUT_NOTE, note(timestamp=NOW, response="x" * letters, status=status))
    # Then the table, ByName and ByTopic are written, and ByStatus only with a status
    assert _units(last()) == (units, units)
    assert ("ByStatus" in last().by_index) == (status is not None)


@pytest.mark.parametrize("kilobytes", [1, 2, 5, 120])
def test_a_large_put_costs_a_write_per_kilobyte_and_copy(
    store: Store, last: Last, kilobytes: int
) -> None:
    size = kilobytes * 1024 - 200
    store.put(
        PUT_NOTE, note(timestamp=NOW, topic="t", name="n", status="x" * 100, tags={"y" * size})
    )
    # ByStatus carries keys, name and ttl only: one unit
    assert _units(last()) == (3.0 * kilobytes + 1, 3.0 * kilobytes + 1)


def test_replacing_costs_what_changes_in_each_index(store: Store, last: Last) -> None:
    # Given a note with a status
    first = note(timestamp=NOW, status="open", count=1)
    store.put(PUT_NOTE, first)
    # When an attribute changes that ByStatus does not carry
    store.put(REPLACE_NOTE, note(timestamp=NOW, status="open", count=2))
    assert _units(last()) == (3.0, 3.0)
    # When its status, a key of ByStatus, changes: a delete and a put there
    store.put(REPLACE_NOTE, note(timestamp=NOW, status="done", count=2))
    assert last().by_index["ByStatus"] == 2.0
    assert _units(last()) == (5.0, 5.0)
    # When it loses the status
    store.put(REPLACE_NOTE, note(timestamp=NOW, count=2))
    assert last().by_index["ByStatus"] == 1.0
    assert _units(last()) == (4.0, 4.0)


def test_changing_an_index_key_costs_two_writes_there(store: Store, last: Last) -> None:
    store.put(PUT_NOTE, note(timestamp=NOW, name="old"))
    store.update(EDIT_NOTE, {"name": "new"}, expected=1, owner="ann", timestamp=NOW)
    assert last().by_index == {"ByName": 2.0, "ByTopic": 1.0}
    assert last().write == 4.0
    # And the floor is not guessed: what the item was before is unknown
    assert last().floor is None


def test_an_update_of_numbers_has_a_floor(store: Store, last: Last) -> None:
    store.put(PUT_NOTE, note(timestamp=NOW, status="open"))
    store.update(COUNT_NOTE, {"count": 5}, owner="ann", timestamp=NOW)
    # The table and the two indexes that carry the count
    assert _units(last()) == (3.0, 3.0)


def test_a_delete_costs_the_item_in_each_index(store: Store, last: Last) -> None:
    store.put(PUT_NOTE, note(timestamp=NOW, tags={"y" * 3000}))
    store.delete(DROP_NOTE, owner="ann", timestamp=NOW)
    assert _units(last()) == (12.0, 12.0)
    store.delete(DROP_NOTE, owner="ann", timestamp=NOW)
    assert _units(last()) == (1.0, 1.0)


@pytest.mark.parametrize(("kilobytes", "units"), [(1, 0.5), (4, 0.5), (5, 1.0), (9, 1.5)])
def test_a_get_costs_half_a_unit_per_four_kilobytes(
    store: Store, last: Last, kilobytes: int, units: float
) -> None:
    store.put(PUT_NOTE, note(timestamp=NOW, tags={"y" * (kilobytes * 1024 - 200)}))
    store.get(GET_NOTE, owner="ann", timestamp=NOW)
    assert _units(last()) == (units, units)
    store.get(GET_NOTE_NOW, owner="ann", timestamp=NOW)
    assert _units(last()) == (2 * units, 2 * units)
    # A projection saves nothing
    store.get(GET_TITLE, owner="ann", timestamp=NOW)
    assert _units(last()) == (units, units)


def test_a_get_of_nothing_costs_the_least(store: Store, last: Last) -> None:
    assert store.get(GET_NOTE, owner="nobody", timestamp=1.0) is None
    assert _units(last()) == (0.5, 0.5)


def test_a_page_is_summed_before_it_is_rounded(store: Store, last: Last) -> None:
    for n in range(10):
        store.put(PUT_NOTE, note(timestamp=NOW + n, status="open", tags={"y" * 1000}))
    store.query(NOTES_OF, limit=10, owner="ann")
    # Ten items of some 1,100 B: three times 4 KB, not ten
    assert _units(last()) == (1.5, 1.5)
    assert last().items == 10
    store.query(BY_NAME, limit=10, name="plan", timestamp=(0, NOW + 99))
    assert _units(last()) == (1.5, 1.5)
    assert last().index == "ByName"
    # ByStatus bills what it carries
    store.query(BY_STATUS, limit=10, status="open")
    assert _units(last()) == (0.5, 0.5)


def test_a_batch_rounds_each_item(store: Store, last: Last) -> None:
    for n in range(4):
        store.put(PUT_NOTE, note(timestamp=NOW + n))
    keys = [{"owner": "ann", "timestamp": NOW + n} for n in range(6)]
    assert len(store.batch_get(GET_NOTES, keys=keys)) == 4
    assert _units(last()) == (3.0, 3.0)


def test_a_transaction_costs_double_in_the_table(store: Store, last: Last) -> None:
    event = Event(accountId=1, day="2026-11-20", number=1, reason="fee")
    store.transact(
        PUT_BOTH,
        [
            Write.put(PUT_ACCOUNT, Account(accountId=1, name="Ann")),
            Write.put(PUT_EVENT, event),
        ],
    )
    # An account, an event, and its entry in ByReason
    assert last().by_index == {"ByReason": 1.0}
    assert _units(last()) == (5.0, 5.0)
    # When another transaction updates one item and checks another
    store.put(PUT_ACCOUNT, Account(accountId=2, name="Bob"))
    store.transact(
        PUT_BOTH,
        [Write.update(PAY, {"balance": 5}, accountId=1), Write.check(ACCOUNT_EXISTS, accountId=2)],
    )
    assert _units(last()) == (4.0, None)
    found = store.transact_get(
        READ_BOTH,
        [
            Read(GET_ACCOUNT, accountId=1),
            Read(GET_EVENT, accountId=1, day="2026-11-20", number=1),
            Read(GET_EVENT, accountId=1, day="2026-11-20", number=2),
        ],
    )
    assert [f is not None for f in found] == [True, True, False]
    assert _units(last()) == (6.0, 6.0)


def test_without_measuring_there_is_no_floor(bench: Bench) -> None:
    store = bench.store(measure=False)
    store.put(PUT_NOTE, note(timestamp=NOW))
    store.get(GET_TITLE, owner="ann", timestamp=NOW)
    assert [call.floor for call in store.meter.calls] == [None, None]
