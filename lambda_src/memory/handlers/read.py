"""Show the history of a user, a day and a session. The user is the token's subject."""

from __future__ import annotations

import time

import msgspec

from keyline.days import kept_since
from keyline.http import App, Caller, missing
from keyline.moments import iso, us_of_ms
from keyline.run import Store
from memory.context import CONTEXT
from memory.history import History, PageRequest
from memory.inputs import Cursor, Day, PageQuery, SessionId, TurnIdText
from memory.outputs import At, Content, ContentHash, Id, SessionName, Tokens
from memory.system import SYSTEM
from memory.tables import Role, SessionTurn, Summary, Turn, UserTurn
from memory.turns import TurnId


class TurnOfUser(msgspec.Struct, frozen=True, kw_only=True):
    """A turn with the beginning of its text."""

    id: Id
    role: Role
    at: At
    content_summary: Summary
    tokens: Tokens

    @classmethod
    def of(cls, turn: UserTurn) -> TurnOfUser:
        """Return the answer about a turn of a user."""
        return cls(
            id=str(TurnId.of(turn)),
            role=turn.role,
            at=iso(us_of_ms(turn.timestamp)),
            content_summary=turn.content_summary,
            tokens=turn.tokens,
        )


class TurnOfSession(msgspec.Struct, frozen=True, kw_only=True):
    """A turn with its summary.

    Attributes
    ----------
    content_hash
        SHA-256 of the content in UTF-8.
    """

    id: Id
    role: Role
    at: At
    summary: Summary
    content_hash: ContentHash

    @classmethod
    def of(cls, turn: SessionTurn) -> TurnOfSession:
        """Return the answer about a turn of a session."""
        return cls(
            id=str(TurnId.of(turn)),
            role=turn.role,
            at=iso(us_of_ms(turn.timestamp)),
            summary=turn.summary,
            content_hash=turn.content_hash,
        )


class WholeTurn(msgspec.Struct, frozen=True, kw_only=True):
    """A turn with its whole text.

    Attributes
    ----------
    session_id
        Null only for a turn that was migrated without one.
    content_hash
        SHA-256 of the content in UTF-8.
    """

    id: Id
    role: Role
    at: At
    session_id: SessionName | None
    content: Content
    summary: Summary
    content_hash: ContentHash
    tokens: Tokens

    @classmethod
    def of(cls, turn: Turn) -> WholeTurn:
        """Return the answer about a turn."""
        return cls(
            id=str(TurnId.of(turn)),
            role=turn.role,
            at=iso(us_of_ms(turn.timestamp)),
            session_id=turn.session,
            content=turn.content,
            summary=turn.summary,
            content_hash=turn.content_hash,
            tokens=turn.tokens,
        )


class HistoryPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a user's turns, newest first, and the cursor of the next; null after the last.

    Attributes
    ----------
    complete_from
        Each turn of this moment or later is kept, unless it was forgotten. Earlier turns may be
        missing.
    """

    turns: list[TurnOfUser]
    cursor: Cursor | None
    complete_from: At


class DayPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a day's turns, newest first, and the cursor of the next; null after the last."""

    turns: list[WholeTurn]
    cursor: Cursor | None


class SessionPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a session's turns, newest first, and the cursor of the next; null after the last.

    Attributes
    ----------
    complete_from
        Each turn of this moment or later is kept, unless it was forgotten. Earlier turns may be
        missing.
    """

    turns: list[TurnOfSession]
    cursor: Cursor | None
    complete_from: At


app = App(SYSTEM)
_history = History(Store.for_function(SYSTEM))


@app.get("/history")
def history(query: PageQuery, caller: Caller) -> HistoryPage:
    """Show the caller's turns across days and sessions, newest first."""
    page = _history.of_user(caller.subject, PageRequest(query.limit, query.cursor))
    return HistoryPage(
        turns=list(map(TurnOfUser.of, page.items)),
        cursor=page.cursor,
        complete_from=_complete_from(),
    )


@app.get("/days/{date}")
def day(date: Day, query: PageQuery, caller: Caller) -> DayPage:
    """Show the caller's turns of a UTC day with their whole texts, newest first."""
    request = PageRequest(query.limit, query.cursor)
    page = _history.of_day(caller.subject, date.isoformat(), request)
    return DayPage(turns=list(map(WholeTurn.of, page.items)), cursor=page.cursor)


@app.get("/turns/{turnId}")
def turn(turnId: TurnIdText, caller: Caller) -> WholeTurn:
    """Show one of the caller's turns with its whole text."""
    id = TurnId.parse(turnId)
    found = None if id is None else _history.turn(caller.subject, id)
    if found is None:
        raise missing("path.turnId", "turn")
    return WholeTurn.of(found)


@app.get("/sessions/{sessionId}")
def session(sessionId: SessionId, query: PageQuery, caller: Caller) -> SessionPage:
    """Show the turns of one of the caller's sessions, newest first. 404 if there are none."""
    request = PageRequest(query.limit, query.cursor)
    page = _history.of_session(caller.subject, sessionId, request)
    if not page.items and query.cursor is None:
        raise missing("path.sessionId", "session")
    return SessionPage(
        turns=list(map(TurnOfSession.of, page.items)),
        cursor=page.cursor,
        complete_from=_complete_from(),
    )


def _complete_from() -> str:
    return iso(us_of_ms(kept_since(CONTEXT.settings.history_days, time.time() * 1000)))


handler = app.handler
