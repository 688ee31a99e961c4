"""Processes that share sessions in DynamoDB: what was acknowledged is there, and counted once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from interactions.dynamo_store import DynamoStore
from interactions.history_store import HistoryStore
from interactions.patterns import CHECK_ADD, SESSION_TOUCH
from interactions.tables import Session
from keyline.model import TransactWrite
from keyline.run import Cancelled, Write
from tests.support.protocols.clocks import Clock
from tests.support.protocols.driver import assert_found, drive
from tests.systems.interactions.on_engine import Mediphant
from tests.systems.interactions.protocols.histories import Histories, Process

pytestmark = [pytest.mark.usefixtures("no_sleep", "no_wait"), pytest.mark.soak]


class Stateless(Process):
    """A process that keeps sessions in DynamoDB alone."""

    def fresh_store(self) -> HistoryStore:
        """Return the store, which has no memory."""
        return self.dynamo


class SharedSessions(Histories[Stateless]):
    """Three processes use all sessions, by clocks that differ."""

    skews = {"a": 0.0, "b": 1.5, "c": -1.5}

    def process(self, name: str, clock: Clock) -> Stateless:
        """Return a process without memory."""
        return Stateless(name, self.mediphant, self.network, clock)

    def sessions_for(self, actor: str) -> list[Session]:
        """Return all sessions."""
        return self.watched.opened


def test_a_session_holds_what_was_acknowledged(mediphant: Mediphant) -> None:
    drive(lambda plan: SharedSessions(plan, mediphant), runs=4)


def test_the_driver_finds_a_count_apart_from_its_check(
    mediphant: Mediphant, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = DynamoStore._transact

    def in_two_parts(
        store: DynamoStore,
        pattern: TransactWrite[Any],
        actions: Sequence[Write],
        operation: object = None,
    ) -> list[Cancelled]:
        if pattern is not CHECK_ADD:
            return whole(store, pattern, actions)
        added = whole(store, pattern, actions[:1])
        counted = [action for action in actions if action.pattern is SESSION_TOUCH]
        return added or whole(store, pattern, counted)

    monkeypatch.setattr(DynamoStore, "_transact", in_two_parts)
    assert_found(lambda plan: SharedSessions(plan, mediphant))
