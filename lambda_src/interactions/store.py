"""Where sessions and their history are kept: what any such store does, DynamoDB or memory."""

from __future__ import annotations

from typing import Any, Protocol

from interactions.tables import Check, Session
from keyline.run import AlreadyExists, NotFound

RECENT = 10
"""How many checks a history shows where the caller does not say."""


class NoSession(NotFound):
    """The user has no such session, or it is over; which of these is not told."""

    def __init__(self) -> None:
        super().__init__("sessionId", "there is no such session.", "Open one: POST /sessions.")


def taken(what: str, current: Any) -> AlreadyExists:
    """Say that there is another one of this id, and which."""
    return AlreadyExists(what, "there is one of this id.", "Use another id.", current=current)


class HistoryStore(Protocol):
    """Sessions and the checks made in them.

    A session is reached through its user only: another's is none. No two sessions have one id,
    whoever's they are: checks are kept by it alone. Nothing that has expired is
    ever given: a session from its `TTL` on, a check `history_days` after it was made.
    """

    def create_session(self, session: Session) -> Session:
        """Open a session; as it is then. Opening the very same again changes nothing.

        Raises
        ------
        AlreadyExists
            If the user has another session of this id.
        """

    def session(self, user: str, session_id: str) -> Session | None:
        """A user's session; None if he has none of this id."""

    def sessions_of(self, user: str) -> list[Session]:
        """A user's sessions by id."""

    def add_check(self, user: str, check: Check) -> None:
        """Keep a check and count it in its session, both or neither.

        Adding the very same again does nothing.

        Raises
        ------
        NoSession
            If the user has no such session. Nothing is kept then.
        """

    def recent_checks(self, user: str, session_id: str, limit: int = RECENT) -> list[Check]:
        """A session's latest checks, newest first: as many as asked for, if there are as many.

        Raises
        ------
        NoSession
            If the user has no such session.
        """

    def clear_checks(self, user: str, session_id: str) -> None:
        """Delete a session's checks; its count of them stays.

        Raises
        ------
        NoSession
            If the user has no such session.
        """
