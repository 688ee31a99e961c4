"""The migration under load, a third of all calls of DynamoDB failing, every answer judged."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from interactions.history import History
from interactions.history_store import Operation
from interactions.memory_store import MemoryStore
from interactions.tables import Check, Session
from keyline.migration import FAILURES, Mode
from tests.support.soak import SECONDS
from tests.systems.interactions.engine.ledger import Watched
from tests.systems.interactions.engine.migrating import (
    DYNAMODB,
    PARALLEL,
    READ_NEW,
    Process,
    Rig,
    rigged,
)
from tests.systems.interactions.on_engine import Mediphant

pytestmark = pytest.mark.soak

THREADS = 8
USERS = ("ada", "bea", "cem")
SHARE = 1 / 3


@pytest.fixture
def rig(mediphant: Mediphant) -> Iterator[Rig]:
    """Fresh tables behind a proxy."""
    with rigged(mediphant, seed=7) as made:
        yield made


class Load:
    """Requests of all kinds on some sessions, from many threads.

    Every second session is never cleared, so that its count is the number of its rows.
    """

    def __init__(self, process: Process) -> None:
        self.process = process
        self.watched = Watched(process.store)
        self.service = process.service(self.watched)
        self.refused = 0
        self.done = 0
        self._stop = threading.Event()

    def run(self, script: Callable[[], None]) -> None:
        """Send requests while a script runs."""
        with ThreadPoolExecutor(THREADS) as pool:
            workers = [pool.submit(self._work, seed) for seed in range(THREADS)]
            try:
                script()
            finally:
                self._stop.set()
            for worker in workers:
                worker.result()

    def _work(self, seed: int) -> None:
        draw = random.Random(seed)
        while not self._stop.is_set():
            try:
                self._request(draw)
            except FAILURES:
                self.refused += 1
            self.done += 1

    def _request(self, draw: random.Random) -> None:
        sessions = self.watched.opened
        if len(sessions) < 4 or draw.random() < 0.02:
            self.service.open_session(draw.choice(USERS))
            return
        at = draw.randrange(max(0, len(sessions) - 12), len(sessions))
        session = sessions[at]
        key = session.userId, session.sessionId
        kind = draw.random()
        if kind < 0.45:
            self.process.add(session, str(draw.random()), self.service)
        elif kind < 0.80:
            self.watched.recent_checks(*key, draw.choice((1, 10, 100)))
        elif kind < 0.92:
            self.watched.session(*key)
        elif kind < 0.97 and at % 2:
            self.watched.clear_checks(*key)
        else:
            with suppress(*FAILURES):  # the list of sessions is DynamoDB's alone in every phase
                self.watched.all_sessions_of(session.userId)


def _settled(load: Load, rig: Rig) -> None:
    """Let all pending writes reach DynamoDB, and judge what it has then."""
    rig.proxy.heal()
    for _ in range(1000):
        if load.process.store.settle() == 0:
            break
    assert load.process.memory.pending == 0
    rows: dict[str, list[str]] = {}
    for row in rig.mediphant.rows("QUERY"):
        rows.setdefault(row["sessionId"]["S"], []).append(row["PK"]["S"].partition("#")[2])
    counts = _counts(rig)
    now = load.watched.now()
    for at, session in enumerate(load.watched.opened):
        stored = sorted(rows.get(session.sessionId, []), reverse=True)
        protocol = load.watched.of(session)
        load.watched.judge(protocol, stored, now)
        assert protocol.acknowledged <= counts[session.sessionId] <= len(protocol.adds)
        if at % 2 == 0:
            assert counts[session.sessionId] == len(stored)
    for user in USERS:  # and through the API's own reads, from DynamoDB alone
        load.process.switch(DYNAMODB)
        for session in load.watched.all_sessions_of(user):
            load.watched.recent_checks(user, session.sessionId, 100)


def _counts(rig: Rig) -> dict[str, int]:
    """Return what DynamoDB's sessions count, by id."""
    rows = rig.mediphant.rows("SESSION")
    return {row["sessionId"]["S"]: int(row["queryCount"]["N"]) for row in rows}


def _fine(load: Load) -> None:
    assert load.watched.wrong == []
    assert load.watched.reads > 20


@pytest.mark.requirement("M-36", "M-38")
@pytest.mark.parametrize("mode", [PARALLEL, READ_NEW])
def test_no_request_fails_and_nothing_is_lost_in_phases_1_and_2(rig: Rig, mode: Mode) -> None:
    load = Load(rig.process(mode, share=0.1))
    rig.proxy.share = SHARE
    load.run(lambda: time.sleep(SECONDS))
    assert load.refused == 0
    assert load.watched.unknown == 0
    _fine(load)
    sums = load.process.metrics.sums
    assert sums["MigrationWriteFailures"] > 0 and sums["MigrationSettled"] > 0
    assert sums["MigrationMismatches"] == 0
    if mode is READ_NEW:
        assert sums["MigrationHits"] > 0 and sums["MigrationFallbacks"] > 0
    for session in load.watched.opened:  # every check was acknowledged: the counts are exact
        assert load.process.count(session) == len(load.watched.of(session).adds)
    _settled(load, rig)
    _fine(load)
    counts = _counts(rig)
    for session in load.watched.opened:
        assert counts[session.sessionId] == len(load.watched.of(session).adds)


@pytest.mark.requirement("M-38", "M-41")
def test_switching_forward_and_back_under_load_answers_nothing_wrong(rig: Rig) -> None:
    process = rig.process(PARALLEL, share=0.1)
    load = Load(process)
    rig.proxy.share = SHARE

    def switches() -> None:
        for mode in (PARALLEL, READ_NEW):
            process.switch(mode, since=time.time())
            time.sleep(SECONDS / 2)
        assert load.refused == 0  # until phase 3, memory holds every session
        for mode in (DYNAMODB, READ_NEW, PARALLEL):
            process.switch(mode, since=time.time())
            time.sleep(SECONDS / 2)

    load.run(switches)
    _fine(load)
    _settled(load, rig)
    _fine(load)


@pytest.mark.requirement("M-41")
def test_a_phase_that_flickers_answers_nothing_wrong(rig: Rig) -> None:
    """Each call has a phase of its own, so that calls of one session meet in all three."""
    process = rig.process(PARALLEL, share=0.1)
    load = Load(process)
    rig.proxy.share = SHARE

    def flicker() -> None:
        draw, end = random.Random(1), time.monotonic() + SECONDS
        while time.monotonic() < end:
            process.switch(draw.choice(list(Mode)), since=time.time() - draw.random())
            time.sleep(draw.random() / 100)

    load.run(flicker)
    _fine(load)
    _settled(load, rig)
    _fine(load)


class Broken(MemoryStore):
    """A store with a fault of the kind that a migration may have."""

    def __init__(self, fault: str) -> None:
        super().__init__(30)
        self.fault = fault
        self.kept: list[Check] = []

    def add_check(self, user: str, check: Check, operation: Operation | None = None) -> None:
        self.kept.append(check)
        if self.fault == "loses" and len(self.kept) == 3:
            return
        super().add_check(user, check, operation)
        if self.fault == "counts twice":
            super().add_check(user, _renamed(check))

    def clear_checks(self, user: str, session_id: str) -> None:
        if self.fault != "clears nothing":
            super().clear_checks(user, session_id)

    def recent_checks(self, user: str, session_id: str, limit: int = 10) -> list[Check]:
        found = super().recent_checks(user, session_id, limit)
        if self.fault == "reverses":
            return found[::-1]
        if self.fault == "cuts short":
            return found[: limit - 1]
        return [_renamed(c) for c in found] if self.fault == "invents" else found

    def session(self, user: str, session_id: str) -> Session | None:
        return None if self.fault == "forgets" else super().session(user, session_id)


def _renamed(check: Check) -> Check:
    return Check(sessionId=check.sessionId, at=check.at, id=check.id + "-", Data=check.Data)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("", []),
        ("loses", ["is missing"]),
        ("counts twice", ["was never sent", "counts"]),
        ("clears nothing", ["was cleared"]),
        ("reverses", ["out of order"]),
        ("cuts short", ["is missing"]),
        ("invents", ["was never sent"]),
        ("forgets", ["is not there"]),
    ],
)
def test_the_judge_notices(mediphant: Mediphant, fault: str, said: Sequence[str]) -> None:
    watched = Watched(Broken(fault))
    service = History(watched, mediphant.settings, mediphant.store.clock)
    session = service.open_session("ada")

    def add(name: str) -> None:
        service.add_query(
            "ada", session.sessionId, med_a=name, med_b="b", is_potentially_risky=False, reason=""
        )

    for name in "abcd":
        add(name)
    watched.recent_checks("ada", session.sessionId, 4)
    watched.session("ada", session.sessionId)
    watched.clear_checks("ada", session.sessionId)
    add("e")
    watched.recent_checks("ada", session.sessionId, 4)
    assert bool(watched.wrong) == bool(said)
    for text in said:
        assert any(text in wrong for wrong in watched.wrong)
