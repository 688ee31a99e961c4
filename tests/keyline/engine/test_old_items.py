"""Writes that return the item as it was."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from keyline.run import BadCallError, ItemUnreadableError, NotFoundError, OutcomeUnknownError, Store
from keyline.run.meter import Call
from tests.support.bench import Bench
from tests.support.faults import Fault, fault_proxy
from tests.support.sample.notes import (
    DROP_EXISTING,
    DROP_NOTE,
    GET_NOTE,
    NOTES,
    PUT_NOTE,
    REPLACE_NOTE,
    note,
)

NOW = float(round(time.time() * 1000))


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
            writes: list[Callable[[], object]] = [
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
