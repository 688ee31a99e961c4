"""Processes write items of unlike moments: each is there once, and none is overwritten."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from functools import partial

import pytest

from keyline.model import Put
from keyline.run import (
    AlreadyExistsError,
    Store,
    ThrottledError,
    UnavailableError,
    UniqueClock,
)
from tests.support.bench import Bench, fresh
from tests.support.protocols.clocks import Clock, Time
from tests.support.protocols.crash import Crash
from tests.support.protocols.driver import assert_found, drive
from tests.support.protocols.network import Network
from tests.support.protocols.plan import Plan
from tests.support.sample.notes import NOTES, NOTES_OF, PUT_NOTE, REPLACE_NOTE, Note, note
from tests.support.sample.shop import LARGE

pytestmark = [pytest.mark.usefixtures("no_sleep"), pytest.mark.soak]

SKEWS = {"a": 0.0, "b": 0.0, "c": 0.000_005, "d": -2.0}
"""Seconds that each process's clock is ahead. Two are the same, and one is 5 µs ahead of them."""
OWNERS = ("ann", "bob")


class Process:
    """A process of writers."""

    def __init__(self, name: str, bench: Bench, network: Network, clock: Clock) -> None:
        self.name = name
        self._bench, self._clock = bench, clock
        self._client = network.client(name)
        self.restart()

    def restart(self) -> None:
        """Begin with an empty memory: the process does not know which moments it has given."""
        self.store = Store(
            system=LARGE,
            environment=self._bench.environment,
            client=self._client,
            unique_clock=UniqueClock(self._clock.nanoseconds),
        )


class UniqueWrites:
    """Four processes write notes of two owners, at moments that are often the same."""

    def __init__(self, plan: Plan, bench: Bench, pattern: Put[Note] = PUT_NOTE) -> None:
        self.plan, self.bench, self.pattern = plan, bench, pattern
        self.time = Time()
        self.network = Network(bench.url, plan)
        self.network.meanwhile = self._write_of_another
        self.processes = {
            name: Process(name, bench, self.network, self.time.clock(skew))
            for name, skew in SKEWS.items()
        }
        self.owners = {owner: f"{owner}-{uuid.uuid4()}" for owner in OWNERS}
        self.sent: list[str] = []
        self.stored: dict[str, Note] = {}
        self.close = self.network.close

    def step(self) -> None:
        """Let a process write; now and then time goes by."""
        if self.plan.draw.random() < 0.2:
            self.time.advance(0.001)
        self._write(self.plan.draw.choice(list(self.processes)))

    def finish(self) -> None:
        """Check that every acknowledged note is there as it was answered, and there once."""
        self.network.heal()
        store = self.bench.store()
        items = [
            note for owner in self.owners.values() for note in store.items(NOTES_OF, owner=owner)
        ]
        times = Counter(item.name for item in items)
        assert times.keys() <= set(self.sent), "a note that nobody has sent is there"
        assert [name for name, count in times.items() if count > 1] == [], "a note is there twice"
        held = {item.name: item for item in items}
        lost = [name for name, each in self.stored.items() if held.get(name) != each]
        assert lost == [], "an acknowledged note is not there"

    def _write_of_another(self, actor: str) -> None:
        self._write(self.plan.draw.choice([name for name in self.processes if name != actor]))

    def _write(self, actor: str) -> None:
        process, name = self.processes[actor], f"n{len(self.sent)}"
        owner = self.plan.draw.choice(OWNERS)
        self.sent.append(name)
        self.plan.note(actor, f"writes {name} of {owner}")
        make = partial(note, self.owners[owner], name=name, ttl=2**32)
        try:
            self.stored[name] = process.store.put_unique(self.pattern, make)
        except (AlreadyExistsError, ThrottledError, UnavailableError) as error:
            self.plan.note(actor, f"  {type(error).__name__}")
        except Crash:
            process.restart()


@pytest.fixture(scope="module")
def bench(endpoint: str) -> Iterator[Bench]:
    with fresh(endpoint, (NOTES,)) as made:
        yield made


def test_each_acknowledged_write_is_there_once(bench: Bench) -> None:
    drive(lambda plan: UniqueWrites(plan, bench), runs=6)


def test_the_driver_finds_a_write_that_replaces_another(bench: Bench) -> None:
    broken = assert_found(lambda plan: UniqueWrites(plan, bench, REPLACE_NOTE))
    assert "an acknowledged note is not there" in str(broken)
