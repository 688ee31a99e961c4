"""A strict reader of the protocol of a store under load: what each answer may hold at all.

Time is the order in which calls began and ended. A write that was acknowledged before a read
began has to be in it; what was never sent must not be; of two writes at once either order will
do. A write that failed may have been carried out or not, and once it was read it stays.
"""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from interactions.history_store import (
    RECENT,
    SESSIONS,
    HistoryStore,
    NoSessionError,
    Operation,
    SessionPage,
)
from interactions.tables import Check, Session
from tests.systems.interactions.on_engine import sessions_in_pages

NEVER = math.inf


@dataclass
class Write:
    """A write: when it began, and when it was first known to have been carried out."""

    began: int
    ended: float = NEVER


@dataclass
class Protocol:
    """All writes of one session."""

    adds: dict[str, Write] = field(default_factory=dict)
    clears: list[Write] = field(default_factory=list)

    @property
    def acknowledged(self) -> int:
        """Checks that are known to have been carried out."""
        return sum(add.ended < NEVER for add in list(self.adds.values()))


class Watched:
    """A `HistoryStore` whose answers are judged by what was asked of it.

    Attributes
    ----------
    store
        The store that is asked: each process of a run may have one of its own.
    wrong
        What was answered and cannot be.
    """

    def __init__(self, store: HistoryStore) -> None:
        self.store = store
        self._time = itertools.count(1)
        self._lock = threading.Lock()
        self._sessions: dict[tuple[str, str], Protocol] = {}
        self.opened: list[Session] = []
        self.wrong: list[str] = []
        self.reads = 0

    @property
    def unknown(self) -> int:
        """Writes that were not acknowledged, and never seen."""
        writes = [w for p in self._sessions.values() for w in [*p.adds.values(), *p.clears]]
        return sum(write.ended == NEVER for write in writes)

    def now(self) -> int:
        """Return the moment of the protocol."""
        return next(self._time)

    def of(self, session: Session) -> Protocol:
        """Return the protocol of a session."""
        return self._sessions[session.userId, session.sessionId]

    def create_session(self, session: Session) -> Session:
        """Open a session; it is one of the opened ones once that was acknowledged."""
        self._sessions[session.userId, session.sessionId] = Protocol()
        opened = self.store.create_session(session)
        with self._lock:
            self.opened.append(session)
        return opened

    def add_check(self, user: str, check: Check, operation: Operation | None = None) -> None:
        """Add a check."""
        write = Write(next(self._time))
        self._sessions[user, check.sessionId].adds[check.public_id] = write
        with self._must_be_there(check.sessionId):
            self.store.add_check(user, check, operation)
        with self._lock:
            write.ended = min(write.ended, next(self._time))

    def clear_checks(self, user: str, session_id: str) -> None:
        """Clear a session."""
        write = Write(next(self._time))
        self._sessions[user, session_id].clears.append(write)
        with self._must_be_there(session_id):
            self.store.clear_checks(user, session_id)
        write.ended = next(self._time)

    def recent_checks(self, user: str, session_id: str, limit: int = RECENT) -> list[Check]:
        """Read a session's checks, and judge what is given."""
        began = next(self._time)
        with self._must_be_there(session_id):
            found = self.store.recent_checks(user, session_id, limit)
        names = [check.public_id for check in found]
        self.judge(self._sessions[user, session_id], names, began, limit)
        return found

    def session(self, user: str, session_id: str) -> Session | None:
        """Read a session, and judge its count."""
        least = self._sessions[user, session_id].acknowledged
        found = self.store.session(user, session_id)
        self._judge_count(user, session_id, least, found)
        return found

    def sessions_of(self, user: str, *, after: str = "", limit: int = SESSIONS) -> SessionPage:
        """Read a page of a user's sessions."""
        return self.store.sessions_of(user, after=after, limit=limit)

    def all_sessions_of(self, user: str) -> list[Session]:
        """Read all pages of a user's sessions, and judge that all are there, with their counts."""
        with self._lock:
            ids = [each.sessionId for each in self.opened if each.userId == user]
        least = {name: self._sessions[user, name].acknowledged for name in ids}
        found = sessions_in_pages(self, user, 3)
        by_id = {session.sessionId: session for session in found}
        for name in ids:
            self._judge_count(user, name, least[name], by_id.get(name))
        return found

    def judge(
        self, protocol: Protocol, names: Sequence[str], began: float, limit: float = NEVER
    ) -> None:
        """Judge a list of checks, newest first, whose read began then and ended now."""
        with self._lock:
            ended = next(self._time)
            self.reads += 1
            for name in names:
                if name in protocol.adds:
                    add = protocol.adds[name]
                    add.ended = min(add.ended, ended)
            self.wrong += _faults(protocol, names, began, limit)

    def _judge_count(self, user: str, session_id: str, least: int, found: Session | None) -> None:
        most = len(self._sessions[user, session_id].adds)
        if found is None:
            self.wrong.append(f"{session_id}: was opened and is not there")
        elif not least <= found.queryCount <= most:
            self.wrong.append(f"{session_id}: counts {found.queryCount}, not {least} to {most}")

    @contextmanager
    def _must_be_there(self, session_id: str) -> Iterator[None]:
        try:
            yield
        except NoSessionError:
            self.wrong.append(f"{session_id}: was opened and is refused")
            raise


def _faults(protocol: Protocol, names: Sequence[str], began: float, limit: float) -> Iterator[str]:
    if list(names) != sorted(set(names), reverse=True):
        yield f"out of order or twice: {names}"
    if len(names) > limit:
        yield f"{len(names)} instead of {limit}"
    shown = set(names)
    for name in shown - protocol.adds.keys():
        yield f"{name}: was never sent"
    for name, add in list(protocol.adds.items()):
        if name in shown:
            if any(add.ended < clear.began and clear.ended < began for clear in protocol.clears):
                yield f"{name}: was cleared"
        elif add.ended < began:
            cleared = any(clear.ended > add.began for clear in protocol.clears)
            beyond = len(names) == limit and name < names[-1]
            if not cleared and not beyond:
                yield f"{name}: was acknowledged and is missing"
