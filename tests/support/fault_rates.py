"""Requests with keys, sent again and again while their calls fail and the wall clock jumps.

Each system says what it acknowledges and how to see what is kept of it (`Promise`). Here is who
sends: a client that repeats a request with its key until it is acknowledged, as it is told to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from keyline.run.attempts import ATTEMPTS
from tests.support.fault_rows import Row, record
from tests.support.faults import Fault, FaultProxy
from tests.support.jumping_clock import jumping_clock
from tests.support.soak import AT_LENGTH
from tests.support.systems import Answer

KINDS = (
    *(Fault.UNSENT, Fault.LOST, Fault.THROTTLED, Fault.FAILED),
    *(Fault.CUT, Fault.DAMAGED, Fault.SLOW),
)
RATES = (0.01, 0.10, 0.30)
JUMPS = {"a minute": 60.0, "an hour": 3_600.0, "11 hours": 39_600.0}
"""How far the clock jumps at most, either way: two tries differ by less than a key is kept."""
CLOCK = "the clock jumps"
REQUESTS = 100
"""Of each fault and rate, at length."""
TRIES = 30
"""How often a client sends a request at most."""
MORE_CALLS = 6
"""Calls that a handler makes at most beyond its usual ones, to find out what a lost answer was."""

_MAY_BE_REPEATED = (
    HTTPStatus.CONFLICT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


class Promise(Protocol):
    """The promise of a system to a sender of a request with a key."""

    system: str

    def send(self, name: str) -> Answer:
        """Send the request of that name once; 201 acknowledges it."""

    def kept(self) -> Counter[str]:
        """Return how often what each request asks for is stored."""


@dataclass(frozen=True)
class Trial:
    """A fault at a rate.

    Attributes
    ----------
    fault, rate
        In words.
    kinds, share
        The share of the calls that fail, in each of these ways equally often.
    jump
        How many seconds the clock jumps at most before each try.
    count
        Requests.
    """

    fault: str
    rate: str
    kinds: Sequence[Fault]
    share: float
    jump: float = 0.0
    count: int = REQUESTS

    @property
    def names(self) -> list[str]:
        """Return the names of its requests."""
        return [f"{self.fault}-{self.rate}-{n}".replace(" ", "-") for n in range(self.count)]


def assert_kept(promise: Promise, proxy: FaultProxy) -> None:
    """Assert that a system keeps its promise under each fault at each rate.

    Among all tests it is one trial, with all faults mixed and a clock that jumps. `make faults`
    keeps the rows.
    """
    usual = _calls_of(promise, proxy)
    for trial in trials() if AT_LENGTH else [MIXED]:
        row = _measure(promise, proxy, trial, usual)
        record(row)
        assert row.acknowledged == trial.count, row


MIXED = Trial("all mixed", "30% of calls", KINDS, RATES[-1], JUMPS["an hour"], count=12)


def trials() -> Iterator[Trial]:
    """Yield those that the page has."""
    for kind in KINDS:
        for rate in RATES:
            yield Trial(kind.value, f"{rate:.0%} of calls", (kind,), rate)
    for words, jump in JUMPS.items():
        yield Trial(CLOCK, f"by up to {words}", (Fault.LOST,), RATES[-1], jump)


def _calls_of(promise: Promise, proxy: FaultProxy) -> int:
    """Return how many calls a request needs where none fails; the first one makes connections."""
    assert promise.send("first").status == HTTPStatus.CREATED
    before = proxy.requests
    assert promise.send("second").status == HTTPStatus.CREATED
    return proxy.requests - before


def _measure(
    promise: Promise,
    proxy: FaultProxy,
    trial: Trial,
    usual: int,
) -> Row:
    failures = proxy.failed.total()
    proxy.kinds, proxy.share = tuple(trial.kinds), trial.share
    sent, acknowledged = 0, set[str]()
    try:
        with jumping_clock() as clock:
            for name in trial.names:
                for _ in range(TRIES):
                    clock.jump(trial.jump)
                    sent += 1
                    if _is_acknowledged(promise, proxy, name, usual):
                        acknowledged.add(name)
                        break
    finally:
        proxy.heal()
    kept = promise.kept()
    return Row(
        system=promise.system,
        fault=trial.fault,
        rate=trial.rate,
        requests=sent,
        struck=sent if trial.fault == CLOCK else proxy.failed.total() - failures,
        acknowledged=len(acknowledged),
        lost=sum(kept[name] == 0 for name in acknowledged),
        doubled=sum(kept[name] > 1 for name in trial.names),
    )


def _is_acknowledged(promise: Promise, proxy: FaultProxy, name: str, usual: int) -> bool:
    """Send a request once; it is acknowledged, or refused cleanly, after a bounded effort."""
    before = proxy.requests
    answer = promise.send(name)
    assert proxy.requests - before <= ATTEMPTS * (usual + MORE_CALLS), name
    if answer.status == HTTPStatus.CREATED:
        return True
    assert answer.status in _MAY_BE_REPEATED, (name, answer)
    assert answer.body["status"] == answer.status
    assert answer.body["title"]
    return False
