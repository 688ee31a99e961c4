"""A client that sends each request again until it is answered: each is carried out once."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from http import HTTPStatus
from typing import Any

import pytest

from interactions.system import SYSTEM
from keyline.model import System
from keyline.run import Store, UniqueClock
from tests.support.faults import Fault
from tests.support.protocols.crash import Crash
from tests.support.protocols.driver import assert_found, drive
from tests.support.protocols.network import Network
from tests.support.protocols.plan import ALL, CRASHES, Plan
from tests.systems.interactions.on_engine import Answer, Api, MakeMediphant, Mediphant

pytestmark = [pytest.mark.usefixtures("no_sleep", "no_wait"), pytest.mark.soak]

REFUSED_FOR_NOW = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
PATIENCE = 100_000
"""Requests of a window: a client is never refused."""
MOST = 100
"""Checks of a session that one read shows: more than a run adds."""
MEDICINES = ("warfarin", "ibuprofen", "aspirin")


class Client:
    """One user opens sessions, checks medicines and clears histories.

    Each request has an idempotency key, and goes to any process of the function.
    """

    def __init__(self, plan: Plan, mediphant: Mediphant, processes: Collection[str]) -> None:
        self.plan, self.mediphant = plan, mediphant
        self.network = Network(mediphant.endpoint, plan)
        self.close = self.network.close
        self.apis = {name: self._started(name) for name in processes}
        self.user = uuid.uuid4().hex
        self.address = f"2001:db8:{plan.draw.getrandbits(16):x}:{plan.draw.getrandbits(16):x}::1"
        self.checks: dict[str, list[str]] = {}
        self.counts: dict[str, int] = {}
        self.requests = 0

    def step(self) -> None:
        """Send a request until it is answered."""
        kind = self.plan.draw.random()
        if not self.checks or kind < 0.1:
            self._open()
            return
        session = self.plan.draw.choice(list(self.checks)[-3:])
        if kind < 0.75:
            self._check(session)
        elif kind < 0.85:
            self._clear(session)
        else:
            self._read(session)

    def finish(self) -> None:
        """Compare the sessions with what was answered."""
        self.network.heal()
        for session in self.checks:
            self._read(session)
        found = self._answered("GET /sessions").body["sessions"]
        held = {each["sessionId"]: each["queryCount"] for each in found}
        assert held == self.counts, f"{held} is stored, not {self.counts}"

    def _started(self, name: str) -> Api:
        store = self.mediphant.store_behind(self.network.client(name), UniqueClock())

        def for_function(_: type[Store], system: System) -> Store:
            assert system is SYSTEM
            return store

        self.mediphant.monkeypatch.setattr(Store, "for_function", classmethod(for_function))
        return self.mediphant.app("interactions")

    def _open(self) -> None:
        answer = self._answered("POST /sessions", headers=self._key())
        assert answer.status == HTTPStatus.CREATED, answer
        session = answer.body["sessionId"]
        assert session not in self.checks, "two requests have opened one session"
        self.checks[session], self.counts[session] = [], 0

    def _check(self, session: str) -> None:
        first, second = self.plan.draw.sample(MEDICINES, 2)
        body = {"medA": first, "medB": second, "sessionId": session}
        answer = self._answered("POST /interactions", body=body, headers=self._key())
        assert answer.status == HTTPStatus.CREATED, answer
        self.checks[session].append(answer.body["id"])
        self.counts[session] += 1

    def _clear(self, session: str) -> None:
        answer = self._answered("DELETE /sessions/{sessionId}/history", {"sessionId": session})
        assert answer.status == HTTPStatus.NO_CONTENT, answer
        self.checks[session] = []

    def _read(self, session: str) -> None:
        path = {"sessionId": session}
        answer = self._answered("GET /sessions/{sessionId}/history", path, query=f"limit={MOST}")
        held = sorted(each["id"] for each in answer.body["checks"])
        assert held == sorted(self.checks[session]), f"{held} is shown, not {self.checks[session]}"
        count = self._answered("GET /sessions/{sessionId}", path).body["queryCount"]
        assert count == self.counts[session], f"{count} is counted, not {self.counts[session]}"

    def _key(self) -> dict[str, str]:
        return {"content-type": "application/json", "idempotency-key": f'"{uuid.uuid4()}"'}

    def _answered(self, route: str, path: dict[str, str] | None = None, **more: Any) -> Answer:
        """Send a request again until it is carried out or refused."""
        self.requests += 1
        while True:
            name = self.plan.draw.choice(list(self.apis))
            self.plan.note(name, f"{route} {self.requests}")
            try:
                answer = self.apis[name](route, path, user=self.user, address=self.address, **more)
            except Crash:
                self.apis[name] = self._started(name)
                continue
            self.plan.note(name, f"  {answer.status}")
            if answer.status not in REFUSED_FOR_NOW:
                return answer


def test_a_request_that_is_sent_again_is_carried_out_once(make_mediphant: MakeMediphant) -> None:
    mediphant = make_mediphant(rate_limit=PATIENCE)
    drive(lambda plan: Client(plan, mediphant, ("a", "b")), runs=4)


@pytest.mark.parametrize("phase", [1, 2])
def test_it_is_carried_out_once_during_the_migration(
    make_mediphant: MakeMediphant, phase: int
) -> None:
    """One process, which does not end: memory is its own in these phases, and is lost with it."""
    mediphant = make_mediphant(phase=phase, rate_limit=PATIENCE)
    kinds = [kind for kind in ALL if kind not in CRASHES]
    drive(lambda plan: Client(plan, mediphant, ("a",)), runs=3, kinds=kinds)


def test_the_driver_finds_a_request_whose_tries_share_no_id(
    make_mediphant: MakeMediphant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgotten(*_: object) -> str:
        return uuid.uuid4().hex

    monkeypatch.setattr("keyline.idempotency._digest", forgotten)
    mediphant = make_mediphant(rate_limit=PATIENCE)
    assert_found(lambda plan: Client(plan, mediphant, ("a", "b")), kinds=(Fault.LOST, Fault.LATE))
