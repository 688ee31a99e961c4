"""Read and write sessions and checks in DynamoDB: a thin layer over the access patterns."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from interactions.history_store import (
    RECENT,
    SESSIONS,
    NoSessionError,
    Operation,
    SessionPage,
    taken,
)
from interactions.patterns import (
    CHECK_ADD,
    CHECK_CREATE,
    HISTORY,
    HISTORY_CLEAR,
    HISTORY_KEYS,
    SESSION_CREATE,
    SESSION_GET,
    SESSION_OPEN,
    SESSION_OWNER,
    SESSION_TOUCH,
    SESSIONS_OF_USER,
    USER_AND_SESSIONS,
    USER_SEEN,
)
from interactions.settings import Settings
from interactions.tables import Check, Session, User, UserData
from keyline.model import TransactWrite
from keyline.moments import DAY_SECONDS, iso, us_of_seconds
from keyline.run import Cancelled, Store, TransactionCancelledError, Write, backoff

ATTEMPTS = 8
"""Tries of a transaction that conflicts with another one of the same session or user."""


class DynamoStore(msgspec.Struct, frozen=True):
    """The `HistoryStore` in DynamoDB.

    Parameters
    ----------
    now
        Epoch seconds.
    """

    store: Store
    settings: Settings
    now: Callable[[], float] = time.time

    def create_session(self, session: Session) -> Session:
        """Open a session, and remember its user; see `HistoryStore`."""
        seen = {"Data": UserData(createdAt=session.Data.createdAt)}
        failed = self._transact(
            SESSION_OPEN,
            [
                Write.put(SESSION_CREATE, session),
                Write.update(USER_SEEN, seen, userId=session.userId),
            ],
        )
        stored: Session = failed[0].current_item() if failed else session
        if stored.Data != session.Data:
            raise taken(SESSION_CREATE.name, stored)
        return stored

    def session(self, user: str, session_id: str) -> Session | None:
        """Return a user's session; see `HistoryStore`."""
        return self.store.get(SESSION_GET, userId=user, sessionId=session_id)

    def sessions_of(self, user: str, *, after: str = "", limit: int = SESSIONS) -> SessionPage:
        """Return a page of a user's sessions; see `HistoryStore`."""
        page = self.store.query(SESSIONS_OF_USER, limit=limit, userId=user, sessionId=after)
        return SessionPage.of(page.items, limit, more=page.cursor is not None)

    def add_check(self, user: str, check: Check, operation: Operation | None = None) -> None:
        """Keep a check and count it in its session, in one call; see `HistoryStore`."""
        touch = {"lastActivity": check.at, "queryCount": 1}
        failed = self._transact(
            CHECK_ADD,
            [
                Write.put(CHECK_CREATE, check),
                Write.update(SESSION_TOUCH, touch, userId=user, sessionId=check.sessionId),
            ],
            operation,
        )
        # An earlier try, whose answer was lost, may have stored and counted the check.
        if any(reason.pattern == SESSION_TOUCH.name for reason in failed):
            raise NoSessionError
        if failed and failed[0].current != check:
            raise taken(CHECK_CREATE.name, failed[0].unreadable or failed[0].current)

    def recent_checks(self, user: str, session_id: str, limit: int = RECENT) -> list[Check]:
        """Return a session's latest checks; see `HistoryStore`.

        The range of the key leaves out expired checks, so one read gives as many as the limit.
        """
        self._require(user, session_id)
        oldest = iso(us_of_seconds(self.now() - self.settings.history_days * DAY_SECONDS))
        return self.store.query(HISTORY, limit=limit, sessionId=session_id, at=oldest).items

    def clear_checks(
        self,
        user: str,
        session_id: str,
        *,
        until: str | None = None,
        known: Iterable[Check] = (),
    ) -> None:
        """Delete a session's checks; see `HistoryStore`.

        A check of the last moments may not be in the index yet. Such a check stays, unless the
        caller gives it in `known`.

        Parameters
        ----------
        until
            Only checks up to this moment are deleted; None for all. The caller gives the moment of
            the request, if the deletion is carried out later.
        known
            Checks to delete even if the index does not have them yet.
        """
        self._require(user, session_id)
        indexed = self.store.items(HISTORY_KEYS, sessionId=session_id)
        keys = {(key.at, key.id) for key in indexed} | {(check.at, check.id) for check in known}
        doomed = [{"at": at, "id": id_} for at, id_ in keys if until is None or at <= until]
        if doomed:
            self.store.batch_write(HISTORY_CLEAR, deletes=doomed)

    def profile(self, user: str, limit: int = SESSIONS) -> tuple[User | None, SessionPage]:
        """Return a user, None if the user has never opened a session, and the first sessions."""
        page = self.store.query(USER_AND_SESSIONS, limit=limit + 1, userId=user)
        known = next((item for item in page.items if isinstance(item, User)), None)
        sessions = [item for item in page.items if isinstance(item, Session)]
        return known, SessionPage.of(sessions, limit, more=page.cursor is not None)

    def owned(self, session_id: str) -> Session | None:
        """Return a session of any user by its id; None if there is no such session."""
        page = self.store.query(SESSION_OWNER, limit=1, sessionId=session_id)
        return page.items[0] if page.items else None

    def _require(self, user: str, session_id: str) -> None:
        if self.session(user, session_id) is None:
            raise NoSessionError

    def _transact(
        self,
        pattern: TransactWrite[Any],
        actions: Sequence[Write],
        operation: Operation | None = None,
    ) -> list[Cancelled]:
        """Carry out a transaction; return the actions whose condition did not hold.

        Raises
        ------
        TransactionCancelledError
            If DynamoDB refused the transaction for another reason.
        """
        shared = operation or Operation(self.now())
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self.store.transact(pattern, actions, token=shared.token, moment=shared.moment)
            except TransactionCancelledError as cancelled:
                if all(reason.code == "ConditionalCheckFailed" for reason in cancelled.reasons):
                    return list(cancelled.reasons)
                if attempt == ATTEMPTS or not cancelled.conflict:
                    raise
                backoff.wait(attempt)
            else:
                break
        return []
