"""The network of the drivers: faults meet a request whichever way it takes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from keyline.run import OutcomeUnknownError, Store, ThrottledError, UnavailableError
from tests.support.bench import Bench, fresh
from tests.support.faults import Fault
from tests.support.protocols.network import BOTOCORE, FIRST_ATTEMPT, Network
from tests.support.protocols.plan import RETRIED, Plan
from tests.support.sample.notes import NOTES, PUT_NOTE, note
from tests.support.sample.shop import LARGE

pytestmark = pytest.mark.usefixtures("no_sleep")

CALLS = 60


@pytest.fixture(scope="module")
def bench(endpoint: str) -> Iterator[Bench]:
    with fresh(endpoint, (NOTES,)) as made:
        yield made


@pytest.mark.parametrize("kind", [*RETRIED, Fault.LATE])
def test_each_kind_of_fault_meets_first_attempts_and_those_of_botocore(
    bench: Bench, kind: Fault
) -> None:
    plan = Plan(2, [kind])  # seed 2 lets a third of the requests fail
    network = Network(bench.url, plan)
    store = Store(system=LARGE, environment=bench.environment, client=network.client("a"))
    owner = str(uuid.uuid4())
    for n in range(CALLS):
        try:
            store.put(PUT_NOTE, note(owner, float(n), name=str(n), ttl=2**32))
        except (OutcomeUnknownError, ThrottledError, UnavailableError):
            continue
    network.close()
    faults = plan.counts[kind]
    assert 0 < faults < CALLS
    # botocore makes the first request of a client, and each attempt after one that failed.
    assert network.requests[FIRST_ATTEMPT] == CALLS
    assert 1 < network.requests[BOTOCORE] <= faults
