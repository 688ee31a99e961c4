"""Requests with keys, sent again and again through a proxy that makes their calls fail.

Each system says what it acknowledges and how to see what is kept of it (`Promise`). Here is who
sends: a client that repeats a request with its key until it is acknowledged, as it is told to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Protocol

from keyline.run.attempts import ATTEMPTS
from tests.support.fault_rows import Row, record
from tests.support.faults import Fault, FaultProxy
from tests.support.soak import AT_LENGTH
from tests.support.systems import Answer

KINDS = (
    *(Fault.UNSENT, Fault.LOST, Fault.THROTTLED, Fault.FAILED),
    *(Fault.CUT, Fault.DAMAGED, Fault.SLOW),
)
RATES = (0.01, 0.10, 0.30)
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


def assert_kept(promise: Promise, proxy: FaultProxy) -> None:
    """Assert that a system keeps its promise under each fault at each rate.

    Among all tests it is one rate, with all faults mixed. `make faults` keeps the rows.
    """
    usual = _calls_of(promise, proxy)
    for kinds, rate, count in _plan():
        row = _measure(promise, proxy, kinds, rate, count, usual)
        record(row)
        assert row.acknowledged == count, row


def _plan() -> Iterator[tuple[Sequence[Fault], float, int]]:
    if not AT_LENGTH:
        yield KINDS, RATES[-1], 12
        return
    for kind in KINDS:
        for rate in RATES:
            yield (kind,), rate, REQUESTS


def _calls_of(promise: Promise, proxy: FaultProxy) -> int:
    """Return how many calls a request needs where none fails; the first one makes connections."""
    assert promise.send("first").status == HTTPStatus.CREATED
    before = proxy.requests
    assert promise.send("second").status == HTTPStatus.CREATED
    return proxy.requests - before


def _measure(
    promise: Promise,
    proxy: FaultProxy,
    kinds: Sequence[Fault],
    rate: float,
    count: int,
    usual: int,
) -> Row:
    fault = kinds[0].value if len(kinds) == 1 else "all mixed"
    names = [f"{fault} {rate} {number}".replace(" ", "-") for number in range(count)]
    failures = proxy.failed.total()
    proxy.kinds, proxy.share = tuple(kinds), rate
    sent, acknowledged = 0, set[str]()
    try:
        for name in names:
            for _ in range(TRIES):
                sent += 1
                before = proxy.requests
                answer = promise.send(name)
                assert proxy.requests - before <= ATTEMPTS * (usual + MORE_CALLS), name
                if answer.status == HTTPStatus.CREATED:
                    acknowledged.add(name)
                    break
                assert answer.status in _MAY_BE_REPEATED, (name, answer)
                assert answer.body["status"] == answer.status
                assert answer.body["title"]
    finally:
        proxy.heal()
    kept = promise.kept()
    return Row(
        system=promise.system,
        fault=fault,
        rate=f"{rate:.0%} of calls",
        requests=sent,
        struck=proxy.failed.total() - failures,
        acknowledged=len(acknowledged),
        lost=sum(kept[name] == 0 for name in acknowledged),
        doubled=sum(kept[name] > 1 for name in names),
    )
