"""Processes of the function in the middle of the migration, on an engine that fails at will."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec

from interactions.dynamo_store import DynamoStore
from interactions.history import History
from interactions.history_store import HistoryStore
from interactions.memory_store import CAPACITY, MemoryStore
from interactions.migration import MigratingStore
from interactions.system import SYSTEM
from interactions.tables import Check, Session
from keyline.metrics import Metrics, MetricUnit
from keyline.migration import Breaker, Mode, Phase
from keyline.run import Meter, Store, UniqueClock, dynamodb_client
from tests.support.engine import where
from tests.support.faults import FaultProxy, fault_proxy
from tests.systems.interactions.on_engine import Mediphant

PARALLEL, READ_NEW, DYNAMODB = Mode


class Recorded(Metrics, frozen=True):
    """Metrics that are kept, not published."""

    values: list[tuple[str, float]] = msgspec.field(default_factory=list)

    def put(self, name: str, value: float, unit: MetricUnit, **dimensions: str) -> None:
        """Keep a value."""
        self.values.append((name, value))

    @property
    def sums(self) -> Counter[str]:
        """The sum of each metric's values."""
        sums: Counter[str] = Counter()
        for name, value in list(self.values):
            sums[name] += int(value)
        return sums

    def last(self, name: str) -> float:
        """Return the last value of a metric."""
        return [value for named, value in self.values if named == name][-1]


class Process:
    """A process: memory of its own, tables that it shares with others.

    Its client tries once, so that every fault of the proxy is one of the call.
    """

    def __init__(
        self,
        mediphant: Mediphant,
        proxy: FaultProxy,
        mode: Mode,
        *,
        capacity: int = CAPACITY,
        share: float = 0.0,
        read_timeout: float = 10.0,
        breaker: Breaker | None = None,
    ) -> None:
        self.proxy = proxy
        self.phase = Phase(mode)
        self.meter = Meter()
        self.metrics = Recorded("test", SYSTEM)
        self.memory = MemoryStore(mediphant.settings.history_days, capacity)
        self.dynamo = DynamoStore(
            Store(
                system=SYSTEM,
                environment=mediphant.environment,
                settings=mediphant.settings,
                client=dynamodb_client(**where(proxy.url), attempts=1, read_timeout=read_timeout),
                meter=self.meter,
            ),
            mediphant.settings,
        )
        self.now = time.time
        self.store = MigratingStore(
            self.memory,
            self.dynamo,
            lambda: self.phase,
            self.metrics,
            # Unless a test is about it, none: on a busy machine any failure may be a slow one.
            breaker=breaker or Breaker(lambda: 0.0),
            share=share,
            now=lambda: self.now(),
        )
        self.settings = mediphant.settings
        self.clock = UniqueClock()
        self.history = self.service(self.store)

    def service(self, store: HistoryStore) -> History:
        """Return the service on a store, with this process' clock."""
        return History(store, self.settings, self.clock)

    def switch(self, mode: Mode, since: float = 0.0) -> None:
        """Go to a phase in which sessions opened since then, epoch seconds, are new."""
        self.phase = Phase(mode, since)

    def open(self, user: str = "ada") -> Session:
        """Open a session."""
        return self.history.open_session(user)

    def add(self, session: Session, name: str = "a", service: History | None = None) -> Check:
        """Add a check."""
        return (service or self.history).add_query(
            session.userId,
            session.sessionId,
            med_a=name,
            med_b="b",
            is_potentially_risky=False,
            reason="none known",
        )

    def names(self, session: Session, limit: int = 10) -> list[str]:
        """Return the first medicines of a session's checks, newest first."""
        found = self.store.recent_checks(session.userId, session.sessionId, limit)
        return [check.Data.medA for check in found]

    def clear(self, session: Session) -> None:
        """Delete a session's checks."""
        self.store.clear_checks(session.userId, session.sessionId)

    def count(self, session: Session) -> int:
        """Return how many checks the session says that it has counted."""
        found = self.store.session(session.userId, session.sessionId)
        assert found is not None
        return found.queryCount


@dataclass(frozen=True)
class Rig:
    """Tables behind a fault proxy."""

    mediphant: Mediphant
    proxy: FaultProxy

    def process(
        self,
        mode: Mode,
        *,
        capacity: int = CAPACITY,
        share: float = 0.0,
        read_timeout: float = 10.0,
        breaker: Breaker | None = None,
    ) -> Process:
        """Return a new process."""
        return Process(
            self.mediphant,
            self.proxy,
            mode,
            capacity=capacity,
            share=share,
            read_timeout=read_timeout,
            breaker=breaker,
        )

    def stored(self, session: Session) -> list[str]:
        """Return the public ids of a session's checks as DynamoDB has them, newest first."""
        rows = [row["Data"]["M"] | {"PK": row["PK"]} for row in self.mediphant.rows("QUERY")]
        of = [r for r in rows if r["sessionId"]["S"] == session.sessionId]
        return sorted((r["PK"]["S"].partition("#")[2] for r in of), reverse=True)

    def counted(self, session: Session) -> int | None:
        """Return the session's count as DynamoDB has it, or None if it has no such session."""
        for row in self.mediphant.rows("SESSION"):
            if row["SK"]["S"] == f"SESSION#{session.sessionId}":
                return int(row["queryCount"]["N"])
        return None


@contextmanager
def rigged(mediphant: Mediphant, seed: int = 0) -> Iterator[Rig]:
    """Yield a rig on fresh tables."""
    with fault_proxy(mediphant.endpoint, seed) as proxy:
        yield Rig(mediphant, proxy)
