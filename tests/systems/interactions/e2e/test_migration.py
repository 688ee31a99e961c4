"""From memory to DynamoDB and back on a running platform, by the operator's command.

What memory promises holds within a process: but for the last test the function has one process
(reserved concurrency 1), and requests come one after the other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from keyline import variables
from tests.support.client import assert_problem
from tests.support.engine import running_engine
from tests.support.faults import FaultProxy, fault_proxy
from tests.support.platform import Running, running_platform
from tests.support.soak import SECONDS
from tests.systems.interactions.e2e.api import Api, of_kind
from tests.systems.interactions.e2e.command import keyline_phase, switch
from tests.systems.interactions.e2e.told import Told
from tests.systems.interactions.e2e.variant import PHASE_SECONDS, variant
from tests.systems.interactions.e2e.visitor import Visitor

pytestmark = pytest.mark.xdist_group("interactions")

FUNCTION = "interactions-interactions-local"
PARALLEL, READ_NEW, DYNAMODB = 1, 2, 3
OPERATIONS = frozenset(
    {"GetItem", "Query", "UpdateItem", "TransactWriteItems", "BatchWriteItem", "PutItem"}
)
OF_SOURCE = {"MigrationSourceReads", "MigrationHits", "MigrationMatches", "MigrationUnheld"}


@dataclass(frozen=True)
class Rig:
    """A platform whose functions reach the engine through a fault proxy."""

    running: Running
    api: Api
    proxy: FaultProxy
    told: Told

    def lines(self, text: str) -> int:
        """Return how many lines of the function hold a text."""
        lines = self.running.platform.logs.lines
        return sum(line.source == FUNCTION and text in line.text for line in list(lines))

    def pending(self) -> float:
        """Return how many writes the process last said that it holds."""
        return self.told.last("MigrationPending")

    def assert_stored(self, visitor: Visitor) -> None:
        """Check that dynamoDB has what the visitor was promised: no more, no less, each once."""
        rows: dict[str, list[str]] = {session: [] for session in visitor.sessions}
        for row in of_kind(self.running, "QUERY"):
            rows.setdefault(row["sessionId"], []).append(row["PK"].partition("#")[2])
        counts = {s["sessionId"]: s["queryCount"] for s in of_kind(self.running, "SESSION")}
        for session, known in visitor.sessions.items():
            assert sorted(rows[session]) == [check["id"] for check in known.checks]
            assert counts[session] == known.count


@pytest.fixture(scope="module")
def rig(
    root: Path, local_assembly: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rig]:
    """One process of the function, which compares half of what memory answers."""
    folder = tmp_path_factory.mktemp("migrating")
    changed = variant(
        local_assembly, folder, processes=1, phase_seconds=PHASE_SECONDS, compare_share=0.5
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(variables.DYNAMODB_ENDPOINT, raising=False)
        with (
            running_engine() as engine,
            fault_proxy(engine, seed=5) as proxy,
            running_platform(
                "interactions", root, folder, assembly=changed, engine=proxy.url
            ) as running,
            Api(running) as api,
        ):
            proxy.only = OPERATIONS
            told = Told(FUNCTION)
            running.platform.logs.subscribe(told.take)
            yield Rig(running, api, proxy, told)


def _pause() -> None:
    time.sleep(0.05)


def _until(reached: Callable[[], bool], meanwhile: Callable[[], Any] = _pause) -> None:
    """Do something again and again until something has come about."""
    deadline = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < deadline, "it has not come about"
        meanwhile()


def _switch_and_wait(
    rig: Rig, mode: int, before: int, meanwhile: Callable[[], Any] = _pause
) -> None:
    """Switch, and wait until the process says that it has followed."""
    told = f"phase {mode} of the migration, before it {before}"
    lines = rig.lines(told)
    switch(rig.running, mode)
    _until(lambda: rig.lines(told) > lines, meanwhile)


def _wait_for_its_answers(rig: Rig, mode: int, visitor: Visitor) -> None:
    start, requests = rig.told.sums(), visitor.requests
    if mode == DYNAMODB:
        _until(lambda: visitor.requests > requests + 20)
        assert not (rig.told.sums() - start).keys() & OF_SOURCE
    else:
        metric = "MigrationSourceReads" if mode == PARALLEL else "MigrationHits"
        _until(lambda: (rig.told.sums() - start)[metric] > 2)


@pytest.mark.requirement("M-36", "M-38", "M-40", "M-41", "M-42")
def test_phases_are_switched_forward_and_back_while_requests_run(rig: Rig) -> None:
    # Given a platform as it is started, in phase 3, and a user who goes on meanwhile
    dry = keyline_phase(rig.running, "1", "--dry-run")
    assert (dry["before"], dry["after"][:2], dry["written"]) == ("3", "1@", False)
    assert keyline_phase(rig.running)["before"] == "3"
    visitor, before = Visitor(rig.api, seed=1), DYNAMODB

    with visitor.at_work():
        for mode in (PARALLEL, READ_NEW, DYNAMODB, READ_NEW, PARALLEL, DYNAMODB):
            # When the operator switches, then the process follows by itself
            _switch_and_wait(rig, mode, before)

            # And what answers is what the phase says
            _wait_for_its_answers(rig, mode, visitor)
            before = mode

    # And no request failed, nothing was lost, and memory and DynamoDB never differed
    visitor.look_at_all()
    rig.assert_stored(visitor)
    sums = rig.told.sums()
    assert sums["MigrationMatches"] > 0
    for name in ("MigrationMismatches", "MigrationWriteFailures", "MigrationReadFailures"):
        assert sums[name] == 0, name
    assert sums["PhaseFailures"] == 0


@pytest.mark.soak
@pytest.mark.requirement("M-36", "M-38", "M-41")
def test_a_failing_dynamodb_fails_no_request_before_phase_3(rig: Rig) -> None:
    # Given a user, and a DynamoDB that fails a third of all requests
    _switch_and_wait(rig, PARALLEL, before=DYNAMODB, meanwhile=rig.api.open)
    visitor, start = Visitor(rig.api, seed=9), rig.told.sums()
    rig.proxy.share = 1 / 3

    # When the user goes on for a while in phases 1 and 2, then every answer is right
    visitor.go_on(SECONDS / 2)
    _switch_and_wait(rig, READ_NEW, before=PARALLEL, meanwhile=visitor.step)
    visitor.go_on(SECONDS / 2)
    assert rig.proxy.failed.total() > 0

    # When it refuses all of them, then memory answers, and what DynamoDB lacks is pending
    rig.proxy.share = 1.0
    session = visitor.open()
    for _ in range(3):
        visitor.check(session)
    visitor.read(session)
    visitor.look(session)
    assert rig.pending() >= 4
    told = rig.told.sums() - start
    assert told["RateLimitFallbacks"] >= 4
    assert told["MigrationWriteFailures"] > 0

    # When the system is in phase 3, then what is pending has to be written first
    path = f"/sessions/{session}"

    def ask() -> httpx.Response:
        time.sleep(0.02)
        return rig.api.call("GET", path, token=visitor.token)

    _switch_and_wait(rig, DYNAMODB, before=READ_NEW, meanwhile=ask)
    _assert_unavailable(ask())
    rig.proxy.heal()
    _until(lambda: rig.pending() == 0, ask)
    visitor.look_at_all()
    rig.assert_stored(visitor)
    assert (rig.told.sums() - start)["MigrationMismatches"] == 0

    # And then a DynamoDB that fails is the request's failure, said plainly
    rig.proxy.share = 1.0
    body = {"medA": "warfarin", "medB": "ibuprofen", "sessionId": session}
    _assert_unavailable(rig.api.call("POST", "/sessions", token=visitor.token))
    _assert_unavailable(rig.api.call("POST", "/interactions", token=visitor.token, json=body))
    rig.proxy.heal()
    rig.assert_stored(visitor)


def _assert_unavailable(answer: httpx.Response) -> None:
    """Check that it says when to try again, or that a write may have been carried out."""
    assert_problem(answer, 503)
    if answer.json()["type"] == "urn:problem-type:outcome-unknown":
        assert "retry-after" not in answer.headers
    else:
        assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.requirement("M-36", "M-41")
def test_with_many_processes_no_acknowledged_check_is_lost(api: Api, running: Running) -> None:
    # Given users who go on, in as many processes as the platform starts
    users = [api.user() for _ in range(8)]
    made: list[dict[str, Any]] = []
    opened: list[str] = []
    stop = False

    def work(token: str) -> None:
        while not stop:
            session = api.open(token)
            opened.append(session)
            for n in range(5):
                made.append(api.check(session, "warfarin", f"medicine {n}", token))
                api.history(session, token)

    # When the phases are gone through meanwhile
    with ThreadPoolExecutor(len(users)) as pool:
        workers = [pool.submit(work, token) for token in users]

        def more_are_made(count: int) -> None:
            _until(lambda: len(made) >= count or any(worker.done() for worker in workers))

        try:
            for mode in (PARALLEL, READ_NEW, DYNAMODB):
                switch(running, mode)
                more_are_made(len(made) + 40)
        finally:
            stop = True
        for worker in workers:
            worker.result()  # no request failed

    # Then every check is stored once, and counted in its session
    ids = [row["PK"].partition("#")[2] for row in of_kind(running, "QUERY")]
    counts = {s["sessionId"]: s["queryCount"] for s in of_kind(running, "SESSION")}
    assert {check["id"] for check in made} <= set(ids)
    assert [counts[session] for session in opened] == [5] * len(opened)
