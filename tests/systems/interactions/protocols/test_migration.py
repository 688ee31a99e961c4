"""Processes in the middle of the migration, whose phase changes and which end at any call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from interactions.history_store import HistoryStore
from interactions.memory_store import Key, MemoryStore
from interactions.migration import MigratingStore
from interactions.system import SYSTEM
from interactions.tables import Session
from keyline.migration import Breaker, Mode, PendingWrites, Phase, Target
from tests.support.protocols.clocks import Clock
from tests.support.protocols.driver import assert_found, drive
from tests.systems.interactions.engine.migrating import Recorded
from tests.systems.interactions.on_engine import Mediphant
from tests.systems.interactions.protocols.histories import Histories, Process

pytestmark = [pytest.mark.usefixtures("no_sleep", "no_wait"), pytest.mark.soak]

COMPARED = 0.3


class Migrating(Process):
    """A process with a memory of its own, in a phase of its own.

    Its client tries once, so that each fault is one of the store's calls.
    """

    client_options = {"attempts": 1}
    phase = Phase(Mode.PARALLEL)

    def fresh_store(self) -> HistoryStore:
        """Return the store of a new process in the same phase."""
        self.memory = MemoryStore(self.settings.history_days, now=self.clock.seconds)
        self.migrating = MigratingStore(
            self.memory,
            self.dynamo,
            lambda: self.phase,
            Recorded("test", SYSTEM),
            breaker=Breaker(self.clock.seconds),
            share=COMPARED,
            now=self.clock.seconds,
        )
        return self.migrating

    def settle(self) -> None:
        """Let all pending writes reach DynamoDB."""
        while self.migrating.settle():
            pass

    def behind(self) -> Iterator[Key]:
        """Yield the sessions of which memory alone has all."""
        for _ in range(self.memory.sessions_behind):
            with self.memory.behind() as held:
                if held is not None:
                    yield held.key


class MovedSessions(Histories[Migrating]):
    """Two processes, each with a user of its own and in a phase of its own.

    What only a process's memory had is lost with the process, as the phases say. Such sessions
    are left out from then on. All others must be whole.
    """

    skews = {"a": 0.0, "b": 1.5}
    users = {"a": "ada", "b": "bea"}

    def process(self, name: str, clock: Clock) -> Migrating:
        """Return a process with an empty memory."""
        return Migrating(name, self.mediphant, self.network, clock)

    def users_for(self, actor: str) -> Sequence[str]:
        """Return the user of a process."""
        return [self.users[actor]]

    def sessions_for(self, actor: str) -> list[Session]:
        """Return the sessions of the process's user."""
        return [each for each in self.watched.opened if each.userId == self.users[actor]]

    def crashed(self, process: Migrating) -> None:
        """Leave out what only the process's memory had."""
        lost = set(process.behind())
        opened = self.watched.opened
        opened[:] = [each for each in opened if (each.userId, each.sessionId) not in lost]
        super().crashed(process)

    def step(self) -> None:
        """Let a process do one thing, or go to another phase."""
        if self.plan.draw.random() < 0.08:
            process = self.processes[self.plan.draw.choice(list(self.processes))]
            mode, ago = self.plan.draw.choice(list(Mode)), self.plan.draw.choice((0.0, 10.0, 1e6))
            process.phase = Phase(mode, process.clock.seconds() - ago)
            self.plan.note(process.name, f"goes to phase {mode.value}")
        super().step()

    def finish(self) -> None:
        """Let all pending writes reach DynamoDB, and judge what it holds then."""
        self.network.heal()
        for process in self.processes.values():
            process.settle()
        super().finish()


def test_every_phase_and_every_switch_keeps_what_was_acknowledged(mediphant: Mediphant) -> None:
    drive(lambda plan: MovedSessions(plan, mediphant), runs=5)


def test_the_driver_finds_a_write_that_is_not_repeated(
    mediphant: Mediphant, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Target.write

    def write_once(target: Target, pending: PendingWrites, make: Callable[[], None]) -> None:
        write(target, pending, make)
        pending.clear()

    monkeypatch.setattr(Target, "write", write_once)
    assert_found(lambda plan: MovedSessions(plan, mediphant))
