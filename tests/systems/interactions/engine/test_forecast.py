"""Test that what the forecast says of a call is what the engine charges for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

import pytest

from interactions.patterns import CHECK_ADD, CHECK_CREATE, HISTORY, SESSION_CREATE, SESSION_TOUCH
from interactions.system import SYSTEM
from interactions.tables import Check, CheckData, Session, SessionData
from keyline.run import Write
from tests.support.forecasts import Tried, consumed_exactly, trying

AT = "2026-01-31T00:00:00.000Z"
LATER = int(time.time()) + 86_400


@pytest.fixture
def tried(endpoint: str) -> Iterator[Tried]:
    with trying(SYSTEM, endpoint) as tried:
        yield tried


def check(number: int, padding: int) -> Check:
    data = CheckData(
        medA="a",
        medB="b",
        isPotentiallyRisky=False,
        reason="x" * padding,
        timestamp=AT,
        sessionId="s",
    )
    return Check(sessionId="s", at=AT, id=f"{number:04}", Data=data, TTL=LATER)


def session(padding: int) -> Session:
    data = SessionData(createdAt=AT + "x" * padding)
    return Session(userId="u", sessionId="s", TTL=LATER, lastActivity=AT, Data=data)


def test_a_transaction_costs_twice_in_the_table_and_once_in_the_index(tried: Tried) -> None:
    store = tried.store
    store.put(SESSION_CREATE, tried.sized(SESSION_CREATE, session))
    for number in range(10):
        create = Write.put(CHECK_CREATE, tried.sized(CHECK_CREATE, partial(check, number)))
        changes = {"lastActivity": f"2026-01-31T00:00:00.{number:03}Z", "queryCount": 1}
        touch = Write.update(SESSION_TOUCH, changes, userId="u", sessionId="s")
        consumed_exactly(
            tried.costs(CHECK_ADD, partial(store.transact, CHECK_ADD, [create, touch]))
        )
    read = partial(store.query, HISTORY, sessionId="s", at="2026-01-01T00:00:00.000Z")
    consumed_exactly(tried.costs(HISTORY, read))
