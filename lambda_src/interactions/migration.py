"""The move from memory to DynamoDB, in phases (docs/adr/0011-phased-migration.md).

What holds in every phase and across every switch, forward and back, within a process:

* Each later read sees every acknowledged write.
* Such a write reaches DynamoDB once, also where the answer to a first try was lost.
* A session that memory does not hold whole is DynamoDB's alone.

A session's writes go to DynamoDB one at a time and in their order, since they are made under
its lock. One that fails in phases 1 and 2 is pending, and so are all that follow it, until they
are repeated: by the next requests of the session, or of any other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime

from interactions.dynamo_store import DynamoStore
from interactions.history_store import (
    RECENT,
    SESSIONS,
    NoSessionError,
    Operation,
    SessionPage,
    taken,
)
from interactions.memory_store import Held, MemoryStore
from interactions.tables import Check, Session, User, UserData
from keyline.errors import KeylineError
from keyline.metrics import Metrics
from keyline.migration import (
    HITS,
    MATCHES,
    MISMATCHES,
    MISSES,
    SOURCE_READS,
    UNHELD,
    Breaker,
    Counters,
    Mode,
    Phase,
    Target,
)
from keyline.moments import iso, us_of_seconds
from keyline.run import AlreadyExistsError, UnavailableError

INDEX_SECONDS = 10.0
"""How far the index, which is eventually consistent, may be behind the last write."""


class MigratingStore:
    """The `HistoryStore` that writes and reads where the phase says.

    Parameters
    ----------
    phase
        The phase now. The phase is asked for once in each call of the store.
    share
        Which share of the reads that memory answers is compared with DynamoDB, 0 to 1.
    now
        Epoch seconds.
    """

    def __init__(
        self,
        memory: MemoryStore,
        dynamo: DynamoStore,
        phase: Callable[[], Phase],
        metrics: Metrics,
        *,
        breaker: Breaker | None = None,
        share: float = 0.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._memory = memory
        self._dynamo = dynamo
        self._phase = phase
        self._counters = Counters(metrics)
        self._target = Target(breaker or Breaker(), self._counters, share, now)
        self._now = now

    def create_session(self, session: Session) -> Session:
        """Open a session; see `HistoryStore`.

        Memory without room holds no more sessions; they are then DynamoDB's alone.
        """
        if self._phase().mode is Mode.TARGET or not self._memory.make_room():
            return self._create_unheld(session)
        opened = session

        def write() -> None:
            nonlocal opened
            opened = self._dynamo.create_session(session)

        try:
            with self._memory.opened(session) as held:
                self._replicate(held, write)
                if opened != session:  # used before, so that memory does not hold all of it
                    self._memory.forget(held)
        except AlreadyExistsError as error:
            there: Session = error.current
            if there.Data != session.Data:
                raise
            return there
        if held.pending:
            self._counters.pending(self._memory.pending)
        else:
            self._settle_another()
        return opened

    def session(self, user: str, session_id: str) -> Session | None:
        """Return a user's session; see `HistoryStore`."""
        try:
            with self._using(user, session_id) as (phase, held):
                if held is None:
                    return self._dynamo.session(user, session_id)
                if self._asks_dynamo(phase, held) or self._target.is_compared(held.pending):
                    return self._session_of(held)
                self._counters.count(SOURCE_READS)
                return held.session
        except NoSessionError:
            return None

    def sessions_of(self, user: str, *, after: str = "", limit: int = SESSIONS) -> SessionPage:
        """Return a page of a user's sessions; see `HistoryStore`.

        DynamoDB alone knows all of them, whatever the phase; memory may know more of some.
        """
        held = self._memory.sessions_of(user, after=after, limit=limit)
        return _together(held, self._dynamo.sessions_of(user, after=after, limit=limit), limit)

    def profile(self, user: str, limit: int = SESSIONS) -> tuple[User | None, SessionPage]:
        """Return a user and the first page of `sessions_of`.

        The user is None if they have never opened a session.
        """
        held = self._memory.sessions_of(user, limit=limit)
        known, stored = self._dynamo.profile(user, limit)
        page = _together(held, stored, limit)
        if known is None and page.sessions:  # DynamoDB has not heard of him yet
            since = min(session.Data.createdAt for session in page.sessions)
            known = User(userId=user, Data=UserData(createdAt=since))
        return known, page

    def add_check(self, user: str, check: Check, operation: Operation | None = None) -> None:
        """Keep a check and count it; see `HistoryStore`."""
        shared = operation or Operation(self._now())

        def write() -> None:
            self._dynamo.add_check(user, check, shared)

        with self._using(user, check.sessionId) as (_, held):
            if held is None:
                write()
                return
            self._require_room(held)
            held.add(check)
            self._replicate(held, write)

    def recent_checks(self, user: str, session_id: str, limit: int = RECENT) -> list[Check]:
        """Return a session's latest checks; see `HistoryStore`."""
        with self._using(user, session_id) as (phase, held):
            if held is None:
                return self._dynamo.recent_checks(user, session_id, limit)
            mine = held.latest(limit, self._memory.oldest())
            if self._asks_dynamo(phase, held) or self._target.is_compared(held.pending):
                return self._checks_of(held, mine, limit)
            self._counters.count(SOURCE_READS)
            return mine

    def clear_checks(self, user: str, session_id: str) -> None:
        """Delete a session's checks; see `HistoryStore`.

        DynamoDB is told which they are: its index may not have the last of them yet, and a
        deletion that is repeated later must leave what was added since.
        """
        with self._using(user, session_id) as (_, held):
            if held is None:
                self._dynamo.clear_checks(user, session_id)
                return
            self._require_room(held)
            known = held.checks
            until = max([iso(us_of_seconds(self._now())), *(check.at for check in known)])

            def write() -> None:
                self._dynamo.clear_checks(user, session_id, until=until, known=known)

            held.clear()
            held.cleared = until
            self._replicate(held, write)

    def settle(self) -> int:
        """Repeat pending writes of every session that has some; how many are left."""
        for _ in range(self._memory.sessions_behind):
            self._settle_another()
        return self._memory.pending

    def _create_unheld(self, session: Session) -> Session:
        """Open a session in DynamoDB alone, after what memory holds of one with its id."""
        with suppress(NoSessionError), self._using(session.userId, session.sessionId) as (_, held):
            if held is not None:
                if held.session.Data != session.Data:
                    raise taken("session", held.session)
                return held.session
        return self._dynamo.create_session(session)

    @contextmanager
    def _using(self, user: str, session_id: str) -> Iterator[tuple[Phase, Held | None]]:
        """Yield the phase, and the session if memory alone holds it.

        The session's pending writes come first.

        In phase 3 memory holds it no longer from then on.
        """
        phase, before, after = self._phase(), 0, 0
        with self._memory.held(user, session_id) as held:
            if held is None:
                if phase.mode is not Mode.TARGET:
                    self._counters.count(UNHELD)
                yield phase, None
            else:
                before = len(held.pending)
                failure = self._settle(held)
                if phase.mode is not Mode.TARGET:
                    yield phase, held
                elif failure is None:
                    self._memory.forget(held)
                    yield phase, None
                else:
                    raise failure
                after = len(held.pending)
        if after != before:
            self._counters.pending(self._memory.pending)
        if not after:
            self._settle_another()

    def _settle_another(self) -> None:
        """Repeat pending writes of a session that nobody asks for at present."""
        if not self._memory.pending:
            return
        with self._memory.behind() as held, suppress(NoSessionError):
            if held is not None:
                self._settle(held)
        self._counters.pending(self._memory.pending)

    def _settle(self, held: Held) -> KeylineError | None:
        """Repeat the pending writes in their order; why some are left, if any are.

        Raises
        ------
        NoSessionError
            If the session is over in DynamoDB: nothing of it can be read any more.
        """
        try:
            return self._target.settle(held.pending, gone=NoSessionError)
        except NoSessionError:
            self._memory.forget(held)
            raise

    def _replicate(self, held: Held, write: Callable[[], None]) -> None:
        """Write to DynamoDB what memory has; what fails is pending, behind what is already."""
        try:
            self._target.write(held.pending, write)
        except Exception:
            self._memory.forget(held)  # an answer, or a fault of ours: DynamoDB knows better
            raise

    def _require_room(self, held: Held) -> None:
        """Refuse a write that DynamoDB cannot take at present and memory has no room for.

        Raises
        ------
        UnavailableError
            If both is so.
        """
        if held.pending and not self._memory.make_room():
            raise UnavailableError(
                "migration", "memory is full of pending writes.", "Try again later."
            )

    def _asks_dynamo(self, phase: Phase, held: Held) -> bool:
        """Return whether DynamoDB answers for the session."""
        return phase.reads_new(datetime.fromisoformat(held.session.Data.createdAt).timestamp())

    def _session_of(self, held: Held) -> Session:
        """Return a session from DynamoDB, which is read consistently, or else from memory."""
        mine = held.session

        def read() -> Session:
            found = self._dynamo.session(*held.key)
            if found is None:
                raise NoSessionError
            return found

        theirs = self._target.ask(held.pending, read, gone=NoSessionError)
        if theirs is None:
            return mine
        if theirs.queryCount == mine.queryCount:
            self._counters.count(MATCHES, HITS)
            return theirs
        self._counters.count(MISMATCHES)
        if theirs.queryCount < mine.queryCount:
            self._counters.count(MISSES)
            return mine
        self._counters.count(HITS)
        self._memory.forget(held)  # another process counted, so it is whole no longer
        return theirs

    def _checks_of(self, held: Held, mine: list[Check], limit: int) -> list[Check]:
        """Return a session's latest checks from DynamoDB, or from memory where it has more.

        DynamoDB has more only if another process wrote them, or while its index shows what was
        cleared. Of the former memory is whole no longer, and forgets the session.
        """
        theirs = self._target.ask(
            held.pending, lambda: self._dynamo.recent_checks(*held.key, limit), gone=NoSessionError
        )
        if theirs is None:
            return mine
        here, there = _names(mine), _names(theirs)
        if here == there:
            self._counters.count(MATCHES, HITS)
            return theirs
        more = [check for check in theirs if not held.has(check)]
        if self._now() < held.pending.replicated + INDEX_SECONDS:
            more = [check for check in more if check.at > held.cleared]
            if not more:
                self._counters.count(MISSES)
                return mine
        self._counters.count(MISMATCHES, MISSES if here - there else HITS)
        if more:
            self._memory.forget(held)
        both = {check.public_id: check for check in [*mine, *more]}
        return [both[name] for name in sorted(both, reverse=True)][:limit]


def _together(held: SessionPage, stored: SessionPage, limit: int) -> SessionPage:
    """Return a page of both stores, as far as DynamoDB's page goes.

    Sessions of memory may lie between those of DynamoDB.

    Of a session in both it has the version that has counted more: counts only grow.
    """
    found = {session.sessionId: session for session in stored.sessions}
    for session in held.sessions:
        if stored.last is None or session.sessionId <= stored.last:
            there = found.get(session.sessionId)
            if there is None or there.queryCount < session.queryCount:
                found[session.sessionId] = session
    more = held.last is not None or stored.last is not None
    return SessionPage.of([found[name] for name in sorted(found)], limit, more=more)


def _names(checks: Sequence[Check]) -> set[str]:
    return {check.public_id for check in checks}
