"""A put that is the only part of a transaction: its conflicts, and what other refusals mean."""

from __future__ import annotations

from typing import Any

import pytest

from keyline.model import TransactWrite, Update
from keyline.run import TransactionCancelledError
from keyline.run.single_transaction import ATTEMPTS
from tests.support.answers import refusal
from tests.support.sample.notes import NOTES, PUT_NOTE, Note, note
from tests.support.wire import Wire

pytestmark = pytest.mark.usefixtures("no_wait")

ALONE = TransactWrite(
    name="note-alone",
    why="Tested.",
    table=NOTES,
    shape=Note,
    parts=(PUT_NOTE,),
    items=1,
    item_bytes=300,
    per_month=1,
)
COUNT_ONCE = Update(
    name="count-once",
    why="Tested.",
    table=NOTES,
    shape=Note,
    add=("count",),
    exactly_once=True,
    item_bytes=300,
    per_month=1,
)
KEY: dict[str, Any] = {"owner": "ann", "timestamp": 1.0}


def cancelled(wire: Wire, code: str, times: int = 1) -> None:
    """Let the next transactions be cancelled."""
    reasons = [{"Code": code, "Message": "Cancelled."}]
    wire.replies += [
        refusal("TransactionCanceledException", CancellationReasons=reasons) for _ in range(times)
    ]


def test_a_conflict_is_tried_again_as_the_same_request() -> None:
    wire = Wire()
    cancelled(wire, "TransactionConflict", ATTEMPTS - 1)
    made = note(**KEY, ttl=2**32)
    assert wire.store().put(ALONE, made) == made
    assert len(wire.sent) == ATTEMPTS
    assert all(request == wire.sent[0] for request in wire.sent)
    assert wire.sent[0]["ClientRequestToken"]


def test_a_conflict_of_an_update_is_tried_again_as_the_same_request() -> None:
    wire = Wire()
    cancelled(wire, "TransactionConflict", ATTEMPTS - 1)
    wire.store().update_once(COUNT_ONCE, {"count": 1}, **KEY)
    assert len(wire.sent) == ATTEMPTS
    assert all(request == wire.sent[0] for request in wire.sent)
    assert wire.sent[0]["ClientRequestToken"]


def test_an_update_that_always_conflicts_is_told_so() -> None:
    wire = Wire()
    cancelled(wire, "TransactionConflict", ATTEMPTS)
    with pytest.raises(TransactionCancelledError, match="TransactionConflict"):
        wire.store().update_once(COUNT_ONCE, {"count": 1}, **KEY)
    assert len(wire.sent) == ATTEMPTS


def test_two_calls_have_two_tokens() -> None:
    wire = Wire()
    store = wire.store()
    for _ in range(2):
        store.put(ALONE, note(**KEY, ttl=2**32))
    first, second = (request["ClientRequestToken"] for request in wire.sent)
    assert first != second


@pytest.mark.parametrize(
    ("code", "sent"),
    [("TransactionConflict", ATTEMPTS), ("ThrottlingError", 1), ("ValidationError", 1)],
)
def test_what_is_not_a_condition_is_told_with_its_reason(code: str, sent: int) -> None:
    wire = Wire()
    cancelled(wire, code, ATTEMPTS)
    with pytest.raises(TransactionCancelledError, match=code) as error:
        wire.store().put(ALONE, note(**KEY, ttl=2**32))
    assert error.value.reasons[0].code == code
    assert len(wire.sent) == sent
