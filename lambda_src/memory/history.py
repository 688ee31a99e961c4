"""Read the history of a user: a thin layer over the access patterns."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import msgspec

from keyline.run import Page, Store
from memory.patterns import DAY_TURNS, SESSION_TURNS, TURN_BATCH, TURN_GET, USER_TURNS
from memory.tables import SessionTurn, Turn, UserTurn
from memory.turns import TurnId


class PageRequest(msgspec.Struct, frozen=True):
    """The page of a list to read.

    Attributes
    ----------
    limit
        The most turns of the page.
    cursor
        Where the page before ended; None for the first page.
    """

    limit: int
    cursor: str | None = None


class History(msgspec.Struct, frozen=True):
    """The turns of all users. The user is part of every call, so threads may share it."""

    store: Store

    def get_recent_context_optimized(self, user_id: str, limit: int = 5) -> list[UserTurn]:
        """Return the latest turns of a user, newest first.

        One Query of UserTimeIndex reads them across days, so no turn comes twice at midnight, and
        none is left out.
        """
        return self.store.query(USER_TURNS, limit=limit, user_id=user_id).items

    def latest_of_session(self, user_id: str, session: str, limit: int) -> list[SessionTurn]:
        """Return the latest turns of a session, newest first."""
        found = self.store.query(SESSION_TURNS, limit=limit, user_id=user_id, session=session)
        return found.items

    def of_user(self, user_id: str, page: PageRequest) -> Page[UserTurn]:
        """Return a page of a user's turns, newest first, across days."""
        return self.store.query(
            USER_TURNS, limit=page.limit, cursor=page.cursor, caller=user_id, user_id=user_id
        )

    def of_day(self, user_id: str, date: str, page: PageRequest) -> Page[Turn]:
        """Return a page of a user's turns of a UTC day, newest first, with the whole texts."""
        return self.store.query(
            DAY_TURNS,
            limit=page.limit,
            cursor=page.cursor,
            caller=user_id,
            user_id=user_id,
            date=date,
        )

    def of_session(self, user_id: str, session: str, page: PageRequest) -> Page[SessionTurn]:
        """Return a page of a session's turns, newest first."""
        return self.store.query(
            SESSION_TURNS,
            limit=page.limit,
            cursor=page.cursor,
            caller=user_id,
            user_id=user_id,
            session=session,
        )

    def turn(self, user_id: str, id: TurnId) -> Turn | None:
        """Return one turn with its whole text; None if there is none."""
        return self.store.get(TURN_GET, **id.key(user_id))

    def ids_of_user(self, user_id: str, most: int) -> list[TurnId]:
        """Return the identifiers of a user's latest turns."""
        found = self.store.items(USER_TURNS, user_id=user_id)
        return [TurnId.of(turn) for turn in islice(found, most)]

    def ids_of_session(self, user_id: str, session: str, most: int) -> list[TurnId]:
        """Return the identifiers of a session's latest turns."""
        found = self.store.items(SESSION_TURNS, user_id=user_id, session=session)
        return [TurnId.of(turn) for turn in islice(found, most)]

    def delete(self, user_id: str, ids: Iterable[TurnId]) -> None:
        """Delete turns; those that are not there count as deleted."""
        self.store.batch_write(TURN_BATCH, deletes=[id.key(user_id) for id in ids])
