"""Processes that save, search, forget and pack: what was acknowledged is found, and not forgotten.

A run has small blocks and groups, so that its few turns go through all of them. The stream of the
embeddings is what the driver finds in their table and has not delivered yet.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Set
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from keyline.idempotency import IdempotencyKey
from keyline.run import (
    Store,
    ThrottledError,
    UnavailableError,
    UniqueClock,
    UnprocessedLeftError,
)
from memory.embeddings import generations, grouping, packing
from memory.embeddings.blocks import Rows
from memory.embeddings.forgetting import BlocksBusyError
from memory.embeddings.identifiers import number_of
from memory.embeddings.packing import MARGIN_SECONDS, Packer
from memory.embeddings.patterns import CODES_ALL
from memory.embeddings.provider import OfflineEmbeddings
from memory.embeddings.search import EmbeddingSearch
from memory.embeddings.store import EmbeddingStore
from memory.embeddings.tables import EMBEDDINGS, Group, Recent
from memory.forgetting import Forgetting
from memory.history import History
from memory.interactions import Interactions
from memory.system import SYSTEM
from memory.turns import NewTurn
from tests.support.faults import Fault
from tests.support.protocols.clocks import Clock, Time
from tests.support.protocols.crash import Crash
from tests.support.protocols.driver import assert_found, drive
from tests.support.protocols.network import Network
from tests.support.protocols.plan import RETRIED, Plan
from tests.systems.memory.on_engine import Memory

pytestmark = [
    pytest.mark.usefixtures("no_sleep", "small_blocks"),
    pytest.mark.soak,
]

PROCESSES = {"a": -2.0, "b": 0.0, "c": 2.0}
"""Seconds that each process's clock is ahead."""
SESSIONS = ("s", "t")
DIMENSION = 8
ALL = 1_000
"""More neighbours than there are turns: a search for so many has to find all of them."""
NEAREST = 3
INSTANT = 0.001
"""Seconds between two moments of a run."""
IN_TIME = MARGIN_SECONDS - 10
"""Seconds in which an embedding has to be stored, or the stream has to show it first."""
FAILED = (ThrottledError, UnavailableError, UnprocessedLeftError, BlocksBusyError)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "BLOCK_ROWS", 3)
    monkeypatch.setattr(packing, "GROUP_EVERY", 2)
    monkeypatch.setattr(packing, "DUE_EVERY", 2)
    monkeypatch.setattr(generations, "RECENT_ROWS", 6)
    monkeypatch.setattr(grouping, "NEIGHBOURS", 2)
    monkeypatch.setattr(generations, "GROUP_BYTES", 240)


class Inline(Executor):
    """Carries out at once what it is given, so that a run is the same each time."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Carry out a call."""
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class Process:
    """A process of each function. It keeps nothing between two calls."""

    def __init__(self, memory: Memory, store: Store, clock: Clock) -> None:
        embeddings = EmbeddingStore(store)
        self.store = store
        self.interactions = Interactions(
            store, memory.settings, embeddings, OfflineEmbeddings(DIMENSION)
        )
        self.forgetting = Forgetting(History(store), embeddings)
        self.packer = Packer(store, clock=clock.seconds)
        self.search = EmbeddingSearch(store)
        self.search.close()
        self.search._threads = Inline()


@dataclass
class Span:
    """The moments at which a request was sent and acknowledged."""

    began: float
    ended: float = math.inf


@dataclass
class Sent(Span):
    """A turn that was sent."""

    session: str = ""
    vector: tuple[float, ...] = ()


@dataclass
class Model:
    """The turns that were sent and forgotten, by their texts."""

    turns: dict[str, Sent] = field(default_factory=dict)
    forgotten: list[tuple[Span, str | None]] = field(default_factory=list)

    def forgets(self, sent: Sent) -> Iterator[Span]:
        """Return the requests that would forget a turn."""
        return (span for span, session in self.forgotten if session in (None, sent.session))

    def must_be_there(self, sent: Sent, began: float) -> bool:
        """Return whether a search that began then has to find a turn."""
        return sent.ended < began and not any(
            forget.ended > sent.began for forget in self.forgets(sent)
        )

    def must_be_gone(self, sent: Sent, began: float) -> bool:
        """Return whether it must not."""
        return any(
            sent.ended < forget.began and forget.ended < began for forget in self.forgets(sent)
        )


class SharedMemory:
    """Processes whose clocks differ serve the requests of one user.

    Parameters
    ----------
    kind
        What packs.
    """

    def __init__(
        self, plan: Plan, memory: Memory, *, kind: type[Packer] = Packer, strict: bool = False
    ) -> None:
        self.plan, self.memory, self.strict = plan, memory, strict
        self.time = Time()
        self.user = "ada"
        _empty(memory)
        self.network = Network(memory.endpoint, plan)
        self.network.meanwhile = self._meanwhile
        self.close = self.network.close
        self.processes = {}
        for name, skew in PROCESSES.items():
            clock = self.time.clock(skew)
            store = memory.store_behind(self.network.client(name), UniqueClock(clock.nanoseconds))
            self.processes[name] = Process(memory, store, clock)
            self.processes[name].packer = kind(store, clock=clock.seconds)
        clock = self.time.clock()
        direct = memory.store_behind(memory.client, UniqueClock(clock.nanoseconds))
        self.direct = Process(memory, direct, clock)
        self.model = Model()
        self.delivered: set[str] = set()
        self.names: dict[int, str] = {}

    def step(self) -> None:
        """Let time go by, and a process serve one request."""
        self.time.advance(self.plan.draw.choice((0.01, 1.0, 10.0, 70.0)))
        self._act(self.plan.draw.choice(list(PROCESSES)))

    def finish(self) -> None:
        """Deliver all that the stream has, and compare what is stored with the model."""
        self.network.heal()
        self._deliver("direct", self.direct)
        self.time.advance(2 * MARGIN_SECONDS)
        self.direct.packer.pack(self.user)
        self._search(self.direct)
        if self.strict:
            now = self._now()
            for number in self._codes():
                name = self.names[number]
                gone = self.model.must_be_gone(self.model.turns[name], now)
                assert not gone, f"{name} was forgotten and has a code"

    def _meanwhile(self, actor: str) -> None:
        """Let the others do some things, for up to some minutes."""
        for _ in range(self.plan.draw.randint(1, 2)):
            self.time.advance(self.plan.draw.choice((0.01, 1.0, 40.0)))
            self._act(self.plan.draw.choice([name for name in PROCESSES if name != actor]))

    def _act(self, actor: str) -> None:
        process, kind = self.processes[actor], self.plan.draw.random()
        try:
            if kind < 0.35:
                self._save(actor, process)
            elif kind < 0.55:
                self.plan.note(actor, "searches")
                self._search(process)
            elif kind < 0.92:
                self._deliver(actor, process)
            else:
                self._forget(actor, process, None if kind > 0.985 else SESSIONS[kind > 0.96])
        except FAILED as error:
            self.plan.note(actor, f"  {type(error).__name__}")
        except Crash:
            pass  # a process has no memory

    def _save(self, actor: str, process: Process) -> None:
        session, count = self.plan.draw.choice(SESSIONS), self.plan.draw.randint(1, 3)
        names = [f"turn {len(self.model.turns) + n}" for n in range(count)]
        self.plan.note(actor, f"saves {', '.join(names)} of {session}")
        vectors = [tuple(self.plan.draw.gauss(0, 1) for _ in range(DIMENSION)) for _ in names]
        new = [
            NewTurn(role="user", content=name, vector=list(vector))
            for name, vector in zip(names, vectors, strict=True)
        ]
        sent = [Sent(self._now(), session=session, vector=vector) for vector in vectors]
        self.model.turns |= dict(zip(names, sent, strict=True))
        key = IdempotencyKey.of(self.user, "POST /interactions", names[0], b"{}")
        process.interactions.save(self.user, session, new, key)
        ended = self._now()
        for each in sent:
            each.ended = ended

    def _forget(self, actor: str, process: Process, session: str | None) -> None:
        self.plan.note(actor, f"forgets {session or 'everything'}")
        span = Span(self._now())
        self.model.forgotten.append((span, session))
        if session is None:
            complete = process.forgetting.everything(self.user).complete
        else:
            complete = process.forgetting.session(self.user, session).complete
        assert complete
        span.ended = self._now()

    def _deliver(self, actor: str, process: Process) -> None:
        """Let a process pack what the stream shows. What fails is delivered again."""
        new = sorted(self._stored().keys() - self.delivered)
        self.plan.note(actor, f"is shown {len(new)} embeddings")
        written = [each for id in new for each in self.memory.shown(self.user, id)]
        process.packer.pack_if_due(self.user, written)
        self.delivered.update(new)

    def _search(self, process: Process) -> None:
        if not self.model.turns:
            return
        asked = self.plan.draw.choice(list(self.model.turns.values())).vector
        before = set(self.delivered)
        began = self._now()
        found = process.search.search(self.user, asked, ALL).neighbours
        shown = [each.metadata["summary"] for each in found]
        assert len(shown) == len(set(shown)), f"{shown} has a turn twice"
        for name, sent in self.model.turns.items():
            if name in shown:
                assert not self.model.must_be_gone(sent, began), f"{name} was forgotten"
            elif self.model.must_be_there(sent, began):
                assert not self._is_due(name, sent, before), f"{name} is not found"
        for each in found:
            exact = _cosine(asked, self.model.turns[each.metadata["summary"]].vector)
            assert abs(each.score - exact) < 0.01, f"{each.metadata['summary']} scores otherwise"

    def _is_due(self, name: str, sent: Sent, delivered: set[str]) -> bool:
        """Return whether a search has to find a turn: stored in time, or shown by the stream."""
        ids = {each for each, summary in self._stored().items() if summary == name}
        return sent.ended - sent.began <= IN_TIME or ids <= delivered

    def _stored(self) -> dict[str, str]:
        """Return the identifiers of all stored embeddings, and the turns of the embeddings."""
        found = {
            item["embedding_id"]["S"]: item["metadata"]["M"]["summary"]["S"]
            for item in self.memory.stored(EMBEDDINGS.name)
        }
        self.names |= {number_of(each): name for each, name in found.items()}
        return found

    def _codes(self) -> list[int]:
        """Return the identifiers that have a code."""
        parts = self.direct.store.items(CODES_ALL, user_id=self.user)
        rows = [Rows.of(each.rows) for each in parts if isinstance(each, Recent | Group)]
        found: list[int] = np.frombuffer(b"".join(each.numbers for each in rows), "<u8").tolist()
        return found

    def _now(self) -> float:
        """Return this moment, which is later than the one before."""
        self.time.advance(INSTANT)
        return self.time.now


def _empty(memory: Memory) -> None:
    """Delete what the run before left: a run's identifiers have to be the same each time."""
    for table in SYSTEM.tables:
        name = table.physical_name(memory.environment)
        keys = table.key.attributes
        items = [
            item
            for page in memory.dynamodb.get_paginator("scan").paginate(TableName=name)
            for item in page["Items"]
        ]
        for item in items:
            memory.dynamodb.delete_item(TableName=name, Key={key: item[key] for key in keys})


def _cosine(left: tuple[float, ...], right: tuple[float, ...]) -> float:
    product = sum(x * y for x, y in zip(left, right, strict=True))
    return product / math.hypot(*left) / math.hypot(*right)


def test_what_is_acknowledged_is_found_and_what_is_forgotten_is_not(memory: Memory) -> None:
    drive(lambda plan: SharedMemory(plan, memory), runs=4)


UNINTERRUPTED = (*RETRIED, Fault.WAITS, Fault.SLOW)
"""A packer that ends after its block leaves the codes of what was forgotten in that moment."""


def test_what_is_forgotten_has_no_code(memory: Memory) -> None:
    drive(lambda plan: SharedMemory(plan, memory, strict=True), runs=3, kinds=UNINTERRUPTED)


class Hasty(Packer):
    """Does not look back when a block is made."""

    def _take_out_forgotten(self, user_id: str, numbers: Set[int]) -> None:
        """Leave all codes where they are."""


def test_the_driver_finds_codes_of_what_was_forgotten_meanwhile(memory: Memory) -> None:
    broken = assert_found(
        lambda plan: SharedMemory(plan, memory, kind=Hasty, strict=True),
        kinds=(Fault.WAITS, Fault.SLOW),
        first=18,
    )
    assert "was forgotten and has a code" in str(broken)
