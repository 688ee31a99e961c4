"""Memory and DynamoDB are the same store to their users, and so is what moves between them.

Hypothesis makes up sequences of calls; every store gives the same answer to each.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    rule,
    run_state_machine_as_test,
)

from interactions.history_store import HistoryStore, NoSessionError
from interactions.memory_store import MemoryStore
from interactions.tables import Check, CheckData, Session, SessionData
from keyline.migration import Mode
from keyline.moments import DAY_SECONDS, iso, us_of_ms
from keyline.run import AlreadyExistsError
from tests.support.faults import KINDS, Fault
from tests.systems.interactions.engine.migrating import Process, Rig, rigged
from tests.systems.interactions.on_engine import MakeMediphant, sessions_in_pages

USERS = st.sampled_from(["ada", "bea"])
SESSIONS = st.integers(0, 2)
CHECKS = st.integers(0, 5)
AGES = st.sampled_from([0, 1, 29])
OTHERS = st.sampled_from([False, False, False, True])
"""Whether another asks for a session than the user it is of."""
_runs = iter(range(10**9))


class Stores(RuleBasedStateMachine):
    """Equal calls to all three stores."""

    rig: Rig
    migrating: Process

    def __init__(self) -> None:
        super().__init__()
        self.run = next(_runs)  # names of its own, since the tables are shared
        self.now = time.time()
        self.migrating = self.rig.process(Mode.PARALLEL, share=0.5)
        self.memory = MemoryStore(self.migrating.settings.history_days)
        self.faults: list[Fault] = []
        self.rig.proxy.heal()
        self.rig.proxy.only = frozenset({"TransactWriteItems", "BatchWriteItem"})
        self.stores: list[HistoryStore] = [
            self.memory,
            self.rig.mediphant.repository,
            self.migrating.store,
        ]

    def user(self, name: str, store: HistoryStore) -> str:
        """Return a user; each store has its own, since two of them share a table."""
        return f"{name}-{self.run}-{self.stores.index(store)}"

    def session_name(self, user: str, number: int, store: HistoryStore) -> str:
        """Return a session's id; no two users have one alike."""
        return f"s{number}-{user}-{self.run}-{self.stores.index(store)}"

    def asked(self, user: str, number: int, other: bool, store: HistoryStore) -> tuple[str, str]:
        """Return who asks for a session of a user, and its id."""
        asks = {"ada": "bea", "bea": "ada"}[user] if other else user
        return self.user(asks, store), self.session_name(user, number, store)

    def fail_if_held(self, user: str, number: int, other: bool) -> None:
        """Let writes of a session fail that memory holds; of others a failure is the request's."""
        key = self.asked(user, number, other, self.stores[2])
        if self.migrating.phase.mode is not Mode.TARGET and self.migrating.memory.session(*key):
            self.rig.proxy.next(*self.faults)
            self.faults = []

    def alike(self, call: Callable[[HistoryStore], Any]) -> None:
        """Make a call of every store; each answers the same."""
        answers = [_outcome(call, store) for store in self.stores]
        self.rig.proxy.heal()
        assert answers[0] == answers[1], f"memory {answers[0]}, DynamoDB {answers[1]}"
        assert answers[1] == answers[2], f"DynamoDB {answers[1]}, in between {answers[2]}"

    @rule(user=USERS, number=SESSIONS, alive=st.booleans(), created=st.integers(0, 1))
    def open(self, user: str, number: int, alive: bool, created: int) -> None:
        at = iso(us_of_ms((self.now + created) * 1000))

        def call(store: HistoryStore) -> Any:
            session = Session(
                userId=self.user(user, store),
                sessionId=self.session_name(user, number, store),
                TTL=int(self.now) + (1000 if alive else -1000),
                lastActivity=at,
                Data=SessionData(createdAt=at),
            )
            return _seen(store.create_session(session))

        self.alike(call)

    @rule(user=USERS, number=SESSIONS, other=OTHERS, check=CHECKS, age=AGES, risky=st.booleans())
    def add(self, user: str, number: int, other: bool, check: int, age: int, risky: bool) -> None:
        moment = self.now - age * DAY_SECONDS
        at = iso(us_of_ms(moment * 1000))

        def call(store: HistoryStore) -> None:
            asks, session = self.asked(user, number, other, store)
            data = CheckData(
                medA="a",
                medB="b",
                isPotentiallyRisky=risky,
                reason="",
                timestamp=at,
                sessionId=session,
            )
            # The id holds what makes a key different in one store and the same in another.
            name = f"{check}-{user}-{number}-{self.run}-{self.stores.index(store)}"
            ttl = int(moment + 30 * DAY_SECONDS)
            store.add_check(asks, Check(sessionId=session, at=at, id=name, Data=data, TTL=ttl))

        self.fail_if_held(user, number, other)
        self.alike(call)

    @rule(user=USERS, number=SESSIONS, other=OTHERS)
    def clear(self, user: str, number: int, other: bool) -> None:
        self.fail_if_held(user, number, other)
        self.alike(lambda s: s.clear_checks(*self.asked(user, number, other, s)))

    @rule(user=USERS, number=SESSIONS, other=OTHERS, limit=st.integers(1, 7))
    def read(self, user: str, number: int, other: bool, limit: int) -> None:
        def call(store: HistoryStore) -> list[tuple[str, str, bool]]:
            found = store.recent_checks(*self.asked(user, number, other, store), limit)
            return [(c.at, c.id[0], c.Data.isPotentiallyRisky) for c in found]

        self.alike(call)

    @rule(user=USERS, number=SESSIONS, other=OTHERS)
    def one(self, user: str, number: int, other: bool) -> None:
        self.alike(lambda s: _seen(s.session(*self.asked(user, number, other, s))))

    @rule(mode=st.sampled_from(list(Mode)), new=st.booleans())
    def switch(self, mode: Mode, new: bool) -> None:
        self.migrating.switch(mode, since=0.0 if new else self.now + 10_000)

    @rule(faults=st.lists(st.sampled_from(KINDS), min_size=1, max_size=3))
    def fail(self, faults: list[Fault]) -> None:
        """Let the next writes fail, if it is one that phases 1 and 2 bear."""
        self.faults = faults

    @rule(user=USERS, limit=st.integers(1, 4))
    def sessions(self, user: str, limit: int) -> None:
        self.alike(lambda s: list(map(_seen, sessions_in_pages(s, self.user(user, s), limit))))


def _seen(session: Session | None) -> Any:
    if session is None:
        return None
    name, data = session.sessionId.split("-")[0], session.Data.createdAt
    return name, data, session.TTL, session.lastActivity, session.queryCount


def _outcome(call: Callable[[HistoryStore], Any], store: HistoryStore) -> Any:
    try:
        return call(store)
    except (NoSessionError, AlreadyExistsError) as error:
        return type(error).__name__


@pytest.mark.requirement("M-36")
def test_memory_dynamodb_and_what_is_in_between_answer_alike(
    make_mediphant: MakeMediphant,
) -> None:
    with rigged(make_mediphant()) as rig:
        machine = type("Bound", (Stores,), {"rig": rig})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=25,
                stateful_step_count=30,
                suppress_health_check=list(HealthCheck),
                phases=(Phase.explicit, Phase.generate),
            ),
        )
