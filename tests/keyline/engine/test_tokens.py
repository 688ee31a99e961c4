"""A transaction with a token is the same request for as long as DynamoDB keeps the token."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from keyline.run import Store, Write, transaction
from keyline.run.errors import BadCallError, TransactionCancelledError
from tests.support.bench import Bench
from tests.support.sample.accounts import GET_ACCOUNT, PAY, PUT_ACCOUNT, PUT_BOTH, Account
from tests.support.sample.notes import EDIT_NOTE, GET_NOTE, MOVE, PUT_NOTE, note

MINUTE = 60
START = 4_102_480_800
"""2100-01-01T10:00:00Z: a minute begins, and no item of the tests has expired by then."""
KEY: dict[str, Any] = {"owner": "ann", "timestamp": START * 1000.0}
KEPT = 10 * MINUTE
"""Seconds that DynamoDB keeps a token after it was used."""


class Clock:
    """Stands in for the module `time` of the transactions."""

    def __init__(self) -> None:
        self.now = float(START)

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(transaction, "time", made)
    return made


@pytest.fixture
def token() -> str:
    """A token of the test: an engine keeps those of all tables together."""
    return uuid.uuid4().hex


def _edit(store: Store, token: str, name: str = "mine") -> None:
    """Change a note that has a version: a second time this would be cancelled."""
    changes = {"name": name, "tags": {"a", "b", "c"}}
    store.transact(MOVE, [Write.update(EDIT_NOTE, changes, expected=1, **KEY)], token=token)


@pytest.mark.parametrize("started", [0, 1, MINUTE - 1, MINUTE - 0.001])
@pytest.mark.parametrize("later", [0, 0.5, 1, MINUTE - 1, MINUTE, 5 * MINUTE, KEPT - 1, KEPT + 5])
def test_the_same_actions_with_the_same_token_are_carried_out_once(
    store: Store, clock: Clock, token: str, started: float, later: float
) -> None:
    store.put(PUT_NOTE, note(**KEY))
    clock.now = START + started
    _edit(store, token)
    clock.now += later
    _edit(store, token)
    found = store.get(GET_NOTE, **KEY)
    assert found is not None
    assert (found.version, found.name) == (2, "mine")


@pytest.mark.parametrize("later", [0, 1, MINUTE, KEPT - 1])
def test_other_actions_with_the_same_token_are_refused(
    store: Store, clock: Clock, token: str, later: float
) -> None:
    store.put(PUT_NOTE, note(**KEY))
    _edit(store, token)
    clock.now += later
    with pytest.raises(BadCallError, match=r"used for other actions .* token of its own"):
        _edit(store, token, "other")
    found = store.get(GET_NOTE, **KEY)
    assert found is not None
    assert (found.version, found.name) == (2, "mine")


def test_a_request_that_does_not_hold_the_moment_is_sent_once_before_it_is_refused(
    store: Store, token: str
) -> None:
    store.put(PUT_ACCOUNT, Account(accountId=1, name="ann"))
    store.transact(PUT_BOTH, [Write.update(PAY, {"balance": 5}, accountId=1)], token=token)
    sent = len(store.meter.calls)
    with pytest.raises(BadCallError):
        store.transact(PUT_BOTH, [Write.update(PAY, {"balance": 6}, accountId=1)], token=token)
    assert len(store.meter.calls) == sent + 1
    assert store.get(GET_ACCOUNT, accountId=1) == Account(accountId=1, name="ann", balance=5)


@pytest.mark.parametrize("wrong", ["", "x" * 37, "half \ud800", "über", "a\n"])
def test_what_dynamodb_does_not_take_as_a_token_is_refused(store: Store, wrong: str) -> None:
    store.put(PUT_ACCOUNT, Account(accountId=1, name="ann"))
    sent = len(store.meter.calls)
    with pytest.raises(BadCallError, match="token"):
        store.transact(PUT_BOTH, [Write.update(PAY, {"balance": 5}, accountId=1)], token=wrong)
    assert len(store.meter.calls) == sent


def test_with_a_token_an_item_counts_as_there_until_the_minute_ends(
    bench: Bench, store: Store, clock: Clock, token: str
) -> None:
    # Given a note that expired half a minute ago
    store.put(PUT_NOTE, note(**KEY, ttl=START + 20))
    clock.now = START + 50
    again = [Write.put(PUT_NOTE, note(**KEY, name="again"))]

    # Then a transaction with a token still meets it, and one without does not
    with pytest.raises(TransactionCancelledError):
        store.transact(MOVE, again, token=token)
    store.transact(MOVE, again)
    (stored,) = bench.admin.scan(TableName=f"StaffNotes-{bench.environment}")["Items"]
    assert stored["name"]["S"] == "again"


@pytest.mark.parametrize("later", [0, 1, MINUTE, 5 * MINUTE, KEPT - 1])
def test_calls_with_the_moment_of_their_operation_are_one_and_see_that_moment(
    store: Store, clock: Clock, token: str, later: float
) -> None:
    # Given a note that expires in the middle of a minute
    store.put(PUT_NOTE, note(**KEY, ttl=START + 20))
    again = [Write.put(PUT_NOTE, note(**KEY, name="again", ttl=START + 2 * KEPT))]

    # Then the moment of the operation decides whether it is there, and the calls are one request
    with pytest.raises(TransactionCancelledError):
        store.transact(MOVE, again, token=uuid.uuid4().hex, moment=START + 19)
    store.transact(MOVE, again, token=token, moment=START + 20)
    clock.now += later
    sent = len(store.meter.calls)
    store.transact(MOVE, again, token=token, moment=START + 20)
    assert len(store.meter.calls) == sent + 1

    # And other actions are refused after one call
    other = [Write.put(PUT_NOTE, note(**KEY, name="other"))]
    with pytest.raises(BadCallError, match="used for other actions"):
        store.transact(MOVE, other, token=token, moment=START + 20)
    assert len(store.meter.calls) == sent + 2


def test_a_moment_without_a_token_is_refused(store: Store) -> None:
    with pytest.raises(BadCallError, match="token of the operation"):
        store.transact(MOVE, [Write.put(PUT_NOTE, note(**KEY))], moment=START)


def test_an_addition_to_a_number_is_exact_as_a_part_of_a_transaction(
    store: Store, clock: Clock, token: str
) -> None:
    store.put(PUT_ACCOUNT, Account(accountId=1, name="ann"))
    for later in (0, 1, MINUTE):
        clock.now = START + later
        store.transact(PUT_BOTH, [Write.update(PAY, {"balance": 5}, accountId=1)], token=token)
    found = store.get(GET_ACCOUNT, accountId=1)
    assert found is not None
    assert found.balance == 5
