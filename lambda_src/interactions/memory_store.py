"""Sessions and their checks in the memory of one process: the store of before DynamoDB.

The store holds the sessions that were opened through it, and it holds all checks of each. Code that
writes such a session elsewhere must first let it be forgotten here. What DynamoDB still lacks of a
session is kept with it (see `keyline.migration`), and such a session is never evicted.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice

from msgspec.structs import replace

from interactions.history_store import (
    RECENT,
    SESSIONS,
    NoSessionError,
    Operation,
    SessionPage,
    taken,
)
from interactions.tables import Check, Session
from keyline.migration import PendingWrites
from keyline.moments import DAY_SECONDS, iso, us_of_seconds
from keyline.run import AlreadyExistsError

CAPACITY = 20_000
"""Sessions, checks and pending writes that are held together: about 1 KB each."""

Key = tuple[str, str]
"""Of a session: its user and its id."""


class Held:
    """A session in memory; everything of it is used under its lock only.

    Attributes
    ----------
    session
        The session as it is now.
    pending
        The writes that DynamoDB lacks.
    cleared
        The moment up to which checks were cleared last.
    live
        False once memory has forgotten the session.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.pending = PendingWrites()
        self.cleared = ""
        self.live = True
        self.lock = threading.Lock()
        self._checks: list[Check] = []  # oldest first

    @property
    def key(self) -> Key:
        """Return what it is held by."""
        return self.session.userId, self.session.sessionId

    @property
    def weight(self) -> int:
        """Return what it takes of the capacity."""
        return 1 + len(self._checks) + len(self.pending)

    @property
    def checks(self) -> list[Check]:
        """All checks, oldest first."""
        return list(self._checks)

    def add(self, check: Check) -> None:
        """Put a check into its place and count it; the very same again changes nothing.

        Raises
        ------
        AlreadyExistsError
            If there is another one of this moment and id.
        """
        place = bisect_left(self._checks, _order(check), key=_order)
        there = self._checks[place] if place < len(self._checks) else None
        if there is not None and _order(there) == _order(check):
            if there.Data == check.Data:
                return
            raise taken("check", there)
        self._checks.insert(place, check)
        self.session = replace(
            self.session, queryCount=self.session.queryCount + 1, lastActivity=check.at
        )

    def has(self, check: Check) -> bool:
        """Return whether a check is among those held."""
        place = bisect_left(self._checks, _order(check), key=_order)
        return place < len(self._checks) and _order(self._checks[place]) == _order(check)

    def latest(self, limit: int, since: str) -> list[Check]:
        """Return the latest checks, newest first, and none from before a moment."""
        newest = self._checks[-limit:] if limit > 0 else []
        return [check for check in reversed(newest) if check.at >= since]

    def clear(self) -> None:
        """Remove all checks."""
        self._checks = []

    def prune(self, since: str) -> None:
        """Remove what is too old to be read."""
        if self._checks and self._checks[0].at < since:
            self._checks = [check for check in self._checks if check.at >= since]


class MemoryStore:
    """The `HistoryStore` that is the process's memory.

    Parameters
    ----------
    history_days
        How long a check can be read.
    capacity
        How many sessions, checks and pending writes are held. The sessions unused for longest
        are forgotten first, but for those with pending writes.
    now
        Epoch seconds.
    """

    def __init__(
        self,
        history_days: float,
        capacity: int = CAPACITY,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._history = history_days * DAY_SECONDS
        self._capacity = capacity
        self._now = now
        self._lock = threading.Lock()  # taken under a session's lock, never the other way round
        self._held: OrderedDict[Key, Held] = OrderedDict()  # unused for longest first
        self._behind: OrderedDict[Key, Held] = OrderedDict()  # those with pending writes
        self._weights: dict[Key, tuple[int, int]] = {}
        self._total = 0
        self._pending = 0

    @property
    def pending(self) -> int:
        """Writes that DynamoDB lacks."""
        return self._pending

    @property
    def sessions_behind(self) -> int:
        """Sessions with pending writes."""
        return len(self._behind)

    @property
    def size(self) -> int:
        """Sessions, checks and pending writes that are held."""
        return self._total

    def make_room(self) -> bool:
        """Return whether there is room for one more, be it by forgetting a session."""
        return self._evict(1)

    @contextmanager
    def opened(self, session: Session) -> Iterator[Held]:
        """Hold a new session, and use it.

        Raises
        ------
        AlreadyExistsError
            If one of this id is held.
        """
        made = Held(session)
        with made.lock:
            with self._lock:
                there = self._held.get(made.key)
                if there is not None:
                    if not self._over(there):
                        raise taken("session", there.session)
                    self._remove(there)
                self._held[made.key] = made
            yield from self._using(made)
        self._evict(0)

    @contextmanager
    def held(self, user: str, session_id: str) -> Iterator[Held | None]:
        """Use a session alone; None if it is not held.

        Raises
        ------
        NoSessionError
            If it is held, and over.
        """
        key = user, session_id
        with self._lock:
            found = self._held.get(key)
            if found is not None:
                self._held.move_to_end(key)
        if found is None:
            yield None
            return
        with found.lock:
            if found.live and self._over(found):
                self.forget(found)
                raise NoSessionError
            if found.live:
                yield from self._using(found)
            else:
                yield None
        self._evict(0)

    @contextmanager
    def behind(self) -> Iterator[Held | None]:
        """Use a session with pending writes that nobody else is using; None if there is none.

        Sessions take turns.
        """
        with self._lock:
            for key, found in self._behind.items():
                if found.lock.acquire(blocking=False):
                    self._behind.move_to_end(key)
                    break
            else:
                found = None
        if found is None:
            yield None
            return
        try:
            yield from self._using(found)
        finally:
            found.lock.release()

    def forget(self, held: Held) -> None:
        """Hold a session no longer, under its lock."""
        with self._lock:
            self._remove(held)

    def oldest(self) -> str:
        """Return the moment from which on checks can be read."""
        return iso(us_of_seconds(self._now() - self._history))

    def create_session(self, session: Session) -> Session:
        """Open a session; see `HistoryStore`."""
        try:
            with self.opened(session) as held:
                return held.session
        except AlreadyExistsError as error:
            there: Session = error.current
            if there.Data != session.Data:
                raise
            return there

    def session(self, user: str, session_id: str) -> Session | None:
        """Return a user's session; see `HistoryStore`."""
        try:
            with self.held(user, session_id) as held:
                return held.session if held else None
        except NoSessionError:
            return None

    def sessions_of(self, user: str, *, after: str = "", limit: int = SESSIONS) -> SessionPage:
        """Return a page of a user's sessions; see `HistoryStore`.

        Each session is as it is at some moment of the call.
        """
        with self._lock:
            ids = sorted(name for owner, name in self._held if owner == user and name > after)
        found = (self.session(user, name) for name in ids)
        live = islice((session for session in found if session is not None), limit + 1)
        return SessionPage.of(list(live), limit, more=False)

    def add_check(self, user: str, check: Check, operation: Operation | None = None) -> None:
        """Keep a check and count it; see `HistoryStore`."""
        with self._required(user, check.sessionId) as held:
            held.add(check)

    def recent_checks(self, user: str, session_id: str, limit: int = RECENT) -> list[Check]:
        """Return a session's latest checks; see `HistoryStore`."""
        with self._required(user, session_id) as held:
            return held.latest(limit, self.oldest())

    def clear_checks(self, user: str, session_id: str) -> None:
        """Delete a session's checks; see `HistoryStore`."""
        with self._required(user, session_id) as held:
            held.clear()

    @contextmanager
    def _required(self, user: str, session_id: str) -> Iterator[Held]:
        with self.held(user, session_id) as held:
            if held is None:
                raise NoSessionError
            yield held

    def _using(self, held: Held) -> Iterator[Held]:
        """Let a session be used, and account for what it takes then."""
        try:
            yield held
        finally:
            held.prune(self.oldest())
            with self._lock:
                if held.live:
                    self._account(held)

    def _over(self, held: Held) -> bool:
        return self._now() >= held.session.TTL

    def _account(self, held: Held) -> None:
        weight, pending = self._weights.get(held.key, (0, 0))
        self._weights[held.key] = held.weight, len(held.pending)
        self._total += held.weight - weight
        self._pending += len(held.pending) - pending
        if held.pending:
            self._behind.setdefault(held.key, held)
        else:
            self._behind.pop(held.key, None)

    def _remove(self, held: Held) -> None:
        if not held.live:
            return  # what has its key by now is another
        held.live = False
        self._held.pop(held.key, None)
        self._behind.pop(held.key, None)
        weight, pending = self._weights.pop(held.key, (0, 0))
        self._total -= weight
        self._pending -= pending

    def _evict(self, room: int) -> bool:
        """Forget sessions until there is so much room; whether there is."""
        with self._lock:
            if self._total + room <= self._capacity:
                return True
            for held in list(self._held.values()):
                if (held.pending and not self._over(held)) or not held.lock.acquire(blocking=False):
                    continue  # it is not in DynamoDB as it is, or somebody is using it
                try:
                    self._remove(held)
                finally:
                    held.lock.release()
                if self._total + room <= self._capacity:
                    return True
            return False


def _order(check: Check) -> tuple[str, str]:
    return check.at, check.id
