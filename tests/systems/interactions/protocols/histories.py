"""Users, their sessions and their checks, in several processes: what the drivers of both share."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from typing import Generic, TypeVar

from interactions.dynamo_store import DynamoStore
from interactions.history import History
from interactions.history_store import HistoryStore, NoSessionError
from interactions.tables import Check, CheckData, Session
from keyline.errors import KeylineError
from keyline.migration import FAILURES
from keyline.moments import iso, us_of_ms
from keyline.run import UniqueClock
from tests.support.protocols.clocks import Clock, Time
from tests.support.protocols.crash import Crash
from tests.support.protocols.network import Network
from tests.support.protocols.plan import Plan
from tests.systems.interactions.engine.ledger import Watched
from tests.systems.interactions.on_engine import Mediphant

USERS = ("ada", "bea")
MOST = 100
"""Checks of a session that one read shows: more than a run adds."""


class Process(ABC):
    """A process of the function, with a clock of its own.

    Attributes
    ----------
    store
        What it keeps sessions in now; a new one after a restart.
    """

    def __init__(self, name: str, mediphant: Mediphant, network: Network, clock: Clock) -> None:
        self.name = name
        self.clock = clock
        self.settings = mediphant.settings
        self.dynamo = DynamoStore(
            mediphant.store_behind(network.client(name, **self.client_options), UniqueClock()),
            mediphant.settings,
            clock.seconds,
        )
        self.restart()

    client_options: dict[str, int] = {}

    def restart(self) -> None:
        """Begin with an empty memory."""
        self.moments = UniqueClock(self.clock.nanoseconds)
        self.store = self.fresh_store()

    @abstractmethod
    def fresh_store(self) -> HistoryStore:
        """Return a store that remembers nothing."""

    def service(self, store: HistoryStore) -> History:
        """Return the service on a store, with this process's clock."""
        return History(store, self.settings, self.moments)


ProcessT = TypeVar("ProcessT", bound=Process)


class Histories(ABC, Generic[ProcessT]):
    """Processes open sessions, add checks, read and clear them; each answer is judged.

    Half of the sessions are never cleared, so that their count is the number of their checks.
    """

    skews: dict[str, float]

    def __init__(self, plan: Plan, mediphant: Mediphant) -> None:
        self.plan = plan
        self.mediphant = mediphant
        self.time = Time()
        self.network = Network(mediphant.endpoint, plan)
        self.network.meanwhile = self._act_of_another
        self.close = self.network.close
        self.direct = DynamoStore(
            mediphant.store_behind(mediphant.client, UniqueClock()), mediphant.settings
        )
        self.watched = Watched(self.direct)
        self.processes = {
            name: self.process(name, self.time.clock(skew)) for name, skew in self.skews.items()
        }
        self.names: dict[str, str] = {}
        self.checks = 0

    @abstractmethod
    def process(self, name: str, clock: Clock) -> ProcessT:
        """Return a process."""

    @abstractmethod
    def sessions_for(self, actor: str) -> list[Session]:
        """Return the sessions that a process may use at present."""

    def users_for(self, actor: str) -> Sequence[str]:
        """Return the users whose requests come to a process."""
        return USERS

    def crashed(self, process: ProcessT) -> None:
        """Let a process begin again after it has ended."""
        process.restart()

    def step(self) -> None:
        """Let a process do one thing; now and then time goes by."""
        if self.plan.draw.random() < 0.3:
            self.time.advance(self.plan.draw.choice((0.001, 0.01, 30.0)))
        self._act(self.plan.draw.choice(list(self.processes)))

    def finish(self) -> None:
        """Judge what DynamoDB holds of every session."""
        self.network.heal()
        self.watched.store = self.direct
        for session in self.watched.opened:
            key = session.userId, session.sessionId
            self.watched.recent_checks(*key, MOST)
            found = self.watched.session(*key)
            if found is not None and not self.watched.of(session).clears:
                names = self.direct.recent_checks(*key, MOST)
                assert found.queryCount == len(names), (
                    f"{self.names[session.sessionId]} counts {found.queryCount} of {len(names)}"
                )
        for user in USERS:
            self.watched.sessions_of(user)
        assert not self.watched.wrong, self.watched.wrong

    def clearable(self, session: Session) -> bool:
        """Return whether the checks of a session are ever cleared."""
        return int(self.names[session.sessionId][1:]) % 2 == 1

    def _act_of_another(self, actor: str) -> None:
        self._act(self.plan.draw.choice([name for name in self.processes if name != actor]))

    def _act(self, actor: str) -> None:
        process = self.processes[actor]
        try:
            self._do(process, self.plan.draw.random())
        except FAILURES as error:
            self.plan.note(actor, f"  {type(error).__name__}")
        except KeylineError as error:
            self.plan.note(actor, f"  {type(error).__name__}")
            self.watched.wrong.append(f"{actor}: {error}")
        except Crash:
            self.crashed(process)
        assert not self.watched.wrong, self.watched.wrong

    def _do(self, process: Process, kind: float) -> None:
        sessions = self.sessions_for(process.name)
        self.watched.store = process.store
        if not sessions or kind < 0.07:
            self._open(process)
            return
        session = self.plan.draw.choice(sessions[-4:])
        key, name = (session.userId, session.sessionId), self.names[session.sessionId]
        if kind < 0.5:
            self.checks += 1
            self.plan.note(process.name, f"adds {self.checks} to {name}")
            self._add(process, session, f"check {self.checks}")
        elif kind < 0.7:
            limit = self.plan.draw.choice((1, 3, MOST))
            self.plan.note(process.name, f"reads {limit} of {name}")
            self.watched.recent_checks(*key, limit)
        elif kind < 0.8:
            self.plan.note(process.name, f"reads {name}")
            self.watched.session(*key)
        elif kind < 0.85:
            self.plan.note(process.name, f"reads the sessions of {session.userId}")
            self.watched.sessions_of(session.userId)
        elif kind < 0.92 and self.clearable(session):
            self.plan.note(process.name, f"clears {name}")
            self.watched.clear_checks(*key)
        else:
            self._intrude(process, session)

    def _open(self, process: Process) -> None:
        name = f"s{len(self.names)}"
        user = self.plan.draw.choice(self.users_for(process.name))
        self.plan.note(process.name, f"opens {name} of {user}")
        session = process.service(self.watched).open_session(user)
        self.names[session.sessionId] = name

    def _add(self, process: Process, session: Session, name: str) -> None:
        process.service(self.watched).add_query(
            session.userId,
            session.sessionId,
            med_a=name,
            med_b="b",
            is_potentially_risky=False,
            reason="none known",
        )

    def _intrude(self, process: Process, session: Session) -> None:
        """Let another user ask for a session, which must not be there for this user."""
        (other,) = (user for user in USERS if user != session.userId)
        session_id = session.sessionId
        self.plan.note(process.name, f"asks as {other} for {self.names[session_id]}")
        assert process.store.session(other, session_id) is None, f"{other} sees {session_id}"
        for refused in (
            lambda: process.store.recent_checks(other, session_id, 1),
            lambda: process.store.clear_checks(other, session_id),
            lambda: process.store.add_check(other, _check(process, session_id)),
        ):
            with suppress(NoSessionError):
                refused()
                raise AssertionError(f"{other} has reached a session of {session.userId}")


def _check(process: Process, session_id: str) -> Check:
    moment = process.moments.next()
    at = iso(us_of_ms(moment))
    data = CheckData(
        medA="a", medB="b", isPotentiallyRisky=False, reason="", timestamp=at, sessionId=session_id
    )
    return Check(sessionId=session_id, at=at, id=uuid.uuid4().hex, Data=data)
