"""Writes that return the item as it was."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from keyline.run import (
    BadCallError,
    ItemUnreadableError,
    NotFoundError,
    OutcomeUnknownError,
    Store,
    VersionConflictError,
)
from keyline.run.meter import Call
from tests.support.bench import Bench
from tests.support.faults import Fault, fault_proxy
from tests.support.sample.notes import (
    COUNT_NOTE,
    DROP_EXISTING,
    DROP_NOTE,
    EDIT_NOTE,
    GET_NOTE,
    NOTES,
    PUT_NOTE,
    REPLACE_NOTE,
    TALLY_NOTE,
    note,
)

NOW = float(round(time.time() * 1000))
LATER = int(time.time()) + 3600


def test_the_item_that_was_there_is_returned(store: Store, last: Callable[[], Call]) -> None:
    # Given a note
    assert store.replace(REPLACE_NOTE, note("ann", NOW, name="first")) is None
    first = store.get(GET_NOTE, owner="ann", timestamp=NOW)
    # When it is replaced, then the first one is returned, for what a put costs
    assert store.replace(REPLACE_NOTE, note("ann", NOW, name="second")) == first
    assert (last().operation, last().write, last().floor) == ("PutItem", 4.0, 4.0)
    # When it is taken, then the second one is returned, for what a delete costs
    second = store.get(GET_NOTE, owner="ann", timestamp=NOW)
    assert second is not None and second.name == "second"
    assert store.take(DROP_NOTE, owner="ann", timestamp=NOW) == second
    assert (last().operation, last().write, last().floor) == ("DeleteItem", 3.0, 3.0)
    assert store.get(GET_NOTE, owner="ann", timestamp=NOW) is None


def test_an_expired_item_was_not_there(store: Store) -> None:
    expired = note("ann", NOW, ttl=int(time.time()) - 9)
    store.put(PUT_NOTE, expired)
    assert store.replace(REPLACE_NOTE, expired) is None


def test_an_update_returns_the_item_as_it_was(store: Store, last: Callable[[], Call]) -> None:
    # Given a note
    key: dict[str, Any] = {"owner": "ann", "timestamp": NOW}
    stored = store.put(PUT_NOTE, note(**key, ttl=LATER))
    # When it is changed, then the note as it was is returned, for what an update costs
    was = store.get_and_update(EDIT_NOTE, {"name": "second"}, expected=1, **key)
    assert was == stored
    old_units = last().write
    now = store.update(EDIT_NOTE, {"name": "second"}, expected=2, **key)
    assert (now.name, now.version) == ("second", 3)
    store.update(EDIT_NOTE, {"name": "first"}, expected=3, **key)
    assert last().write == old_units
    # And each addition knows what it counted from
    counts = [store.get_and_update(COUNT_NOTE, {"count": 1}, **key) for _ in range(3)]
    assert [each and each.count for each in counts] == [0, 1, 2]
    assert last().floor == last().write


def test_an_update_that_creates_had_no_item_before(store: Store) -> None:
    key: dict[str, Any] = {"owner": "ann", "timestamp": NOW}
    changes = {"name": "new", "topic": "work", "size": 1, "count": 1}
    assert store.get_and_update(TALLY_NOTE, changes, **key) is None
    again = store.get_and_update(TALLY_NOTE, changes, **key)
    assert again is not None and again.count == 1
    # An expired item was not there either, and the new one begins from nothing
    store.put(REPLACE_NOTE, note(**key, count=7, ttl=int(time.time()) - 9))
    assert store.get_and_update(TALLY_NOTE, changes, **key) is None
    found = store.get(GET_NOTE, **key)
    assert found is not None and found.count == 1


def test_an_update_that_is_refused_says_why(store: Store) -> None:
    key: dict[str, Any] = {"owner": "ann", "timestamp": NOW}
    with pytest.raises(NotFoundError):
        store.get_and_update(COUNT_NOTE, {"count": 1}, **key)
    store.put(PUT_NOTE, note(**key))
    with pytest.raises(VersionConflictError):
        store.get_and_update(EDIT_NOTE, {"name": "second"}, expected=4, **key)


def test_a_pattern_that_creates_replaces_nothing(store: Store) -> None:
    with pytest.raises(BadCallError, match="put-note: replaces no item"):
        store.replace(PUT_NOTE, note("ann", NOW))


def test_what_was_there_and_cannot_be_read_is_named(bench: Bench, store: Store) -> None:
    store.put(PUT_NOTE, note("ann", NOW))
    bench.admin.update_item(
        TableName=NOTES.physical_name(bench.environment),
        Key={"owner": {"S": "ann"}, "timestamp": {"N": f"{NOW:.0f}"}},
        UpdateExpression="SET #s = :s",
        ExpressionAttributeNames={"#s": "size"},
        ExpressionAttributeValues={":s": {"S": "large"}},
    )
    with pytest.raises(ItemUnreadableError) as caught:
        store.take(DROP_NOTE, owner="ann", timestamp=NOW)
    assert (caught.value.carried_out, caught.value.field) == (True, "size")


def test_an_item_that_is_its_key_alone_was_there(bench: Bench, store: Store) -> None:
    store.put(PUT_NOTE, note("ann", NOW))
    table = NOTES.physical_name(bench.environment)
    (stored,) = bench.admin.scan(TableName=table)["Items"]
    key = {name: stored[name] for name in NOTES.key.attributes}
    bench.admin.put_item(TableName=table, Item=key)
    with pytest.raises(ItemUnreadableError) as caught:
        store.take(DROP_NOTE, owner="ann", timestamp=NOW)
    assert caught.value.carried_out


def test_what_must_exist_is_missed(store: Store) -> None:
    assert store.take(DROP_NOTE, owner="ann", timestamp=NOW) is None
    with pytest.raises(NotFoundError):
        store.take(DROP_EXISTING, owner="ann", timestamp=NOW, name="mine")


@pytest.mark.usefixtures("no_sleep")
@pytest.mark.parametrize("fault", [Fault.LOST, Fault.CUT, Fault.DAMAGED, Fault.FAILED])
def test_a_lost_answer_is_said_to_be_lost(bench: Bench, store: Store, fault: Fault) -> None:
    # Given a note, and a network that loses the next answer
    with fault_proxy(bench.url) as proxy:
        unreliable = replace(bench, url=proxy.url).store()
        with contextlib.closing(unreliable):
            key: dict[str, Any] = {"owner": "ann", "timestamp": NOW}
            writes: list[Callable[[], object]] = [
                lambda: unreliable.get_and_update(EDIT_NOTE, {"name": "new"}, expected=1, **key),
                lambda: unreliable.replace(REPLACE_NOTE, note("ann", NOW, name="new")),
                lambda: unreliable.take(DROP_NOTE, owner="ann", timestamp=NOW),
            ]
            for write in writes:
                store.put(REPLACE_NOTE, note("ann", NOW, name="old"))
                proxy.next(fault)
                # When it is replaced or taken, then nobody says that there was none, or the new one
                with pytest.raises(OutcomeUnknownError) as caught:
                    write()
                assert not caught.value.repeatable
                # And the write was made once
                found = store.get(GET_NOTE, owner="ann", timestamp=NOW)
                assert found is None or found.name == "new"
