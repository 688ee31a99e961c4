"""Declare what a store of sessions and their checks does, in DynamoDB or in memory."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from interactions.tables import Check, Session
from keyline.run import AlreadyExistsError, NotFoundError

RECENT = 10
"""The number of checks of a history if the caller names none."""

SESSIONS = 100
"""The most sessions of a page, and their number if the caller names none."""


class SessionPage(msgspec.Struct, frozen=True):
    """Some of a user's sessions, in the order of their ids.

    Attributes
    ----------
    last
        The id behind which the next page begins; None after the last page.
    """

    sessions: list[Session]
    last: str | None

    @classmethod
    def of(cls, sessions: Sequence[Session], limit: int, *, more: bool) -> SessionPage:
        """Return the first sessions, up to a limit.

        Parameters
        ----------
        more
            Whether there are more sessions behind these.
        """
        shown = list(sessions[:limit])
        goes_on = shown and (more or len(sessions) > limit)
        return cls(shown, shown[-1].sessionId if goes_on else None)


class Operation(msgspec.Struct, frozen=True):
    """The data that all tries of one write share, so that DynamoDB carries it out once.

    Attributes
    ----------
    moment
        When the write was asked for, in epoch seconds.
    token
        What DynamoDB knows the tries by, for ten minutes after it was carried out.
    """

    moment: float
    token: str = msgspec.field(default_factory=lambda: uuid.uuid4().hex)


class NoSessionError(NotFoundError):
    """The user has no session of this id, or it has ended. The error does not say which."""

    def __init__(self) -> None:
        super().__init__(
            "sessionId",
            "there is no such session.",
            "Check the session's id, or open a new session.",
        )


def taken(what: str, current: Any) -> AlreadyExistsError:
    """Return the error that another item has this id."""
    return AlreadyExistsError(
        what, "another item has this id already.", "Use another id.", current=current
    )


class HistoryStore(Protocol):
    """Sessions and the checks of each session.

    A user can only reach their own sessions. Session ids are unique across all users, because
    checks are kept by the session's id alone. A store never returns an expired item: a session
    expires at its `TTL`, and a check `history_days` after it was made.
    """

    def create_session(self, session: Session) -> Session:
        """Open a session; return the stored session. Opening an equal one again changes nothing.

        Raises
        ------
        AlreadyExistsError
            If the user has another session of this id.
        """

    def session(self, user: str, session_id: str) -> Session | None:
        """Return a user's session; None if the user has no session of this id."""

    def sessions_of(self, user: str, *, after: str = "", limit: int = SESSIONS) -> SessionPage:
        """Return a page of a user's sessions in the order of their ids.

        Parameters
        ----------
        after
            The `last` of the page before; empty for the first page.
        limit
            The most sessions of the page.
        """

    def add_check(self, user: str, check: Check, operation: Operation | None = None) -> None:
        """Keep a check and count it in its session, both or neither.

        Adding an equal check again changes nothing.

        Parameters
        ----------
        operation
            What this call shares with earlier ones of an equal check; None if there are none. A
            try of an earlier call that arrives after this one then changes nothing, also if the
            check was cleared meanwhile.

        Raises
        ------
        NoSessionError
            If the user has no such session. The check is not kept then.
        """

    def recent_checks(self, user: str, session_id: str, limit: int = RECENT) -> list[Check]:
        """Return a session's latest checks, newest first, up to a limit.

        Raises
        ------
        NoSessionError
            If the user has no such session.
        """

    def clear_checks(self, user: str, session_id: str) -> None:
        """Delete a session's checks. The session's `queryCount` does not change.

        Raises
        ------
        NoSessionError
            If the user has no such session.
        """
