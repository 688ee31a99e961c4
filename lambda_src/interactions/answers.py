"""The bodies of the answers of the interactions API, with the specification's names."""

from __future__ import annotations

from typing import Annotated

import msgspec

from interactions.history_store import SessionPage
from interactions.inputs import SessionCursor
from interactions.rate_limit import Usage
from interactions.rules import ADVICE
from interactions.tables import Check, Session, User
from keyline.moments import iso, us_of_seconds

CHECK_ID = "2026-01-31T10:30:00.123Z#4565f3a9c2e81b7d04a"


class CheckView(msgspec.Struct, frozen=True, kw_only=True):
    """A check of two medicines, and its result.

    Attributes
    ----------
    timestamp
        ISO 8601 in UTC.
    unknown
        Which of the two names our list does not have: `medA`, `medB`, both or none. Such a name
        may be misspelt, and `isPotentiallyRisky` says nothing about it. Null for a check that an
        earlier release has stored.
    advice
        A notice that this is general information and not medical advice.
    """

    id: Annotated[str, msgspec.Meta(examples=[CHECK_ID])]
    medA: Annotated[str, msgspec.Meta(examples=["warfarin"])]
    medB: Annotated[str, msgspec.Meta(examples=["ibuprofen"])]
    isPotentiallyRisky: Annotated[bool, msgspec.Meta(examples=[True])]
    reason: Annotated[str, msgspec.Meta(examples=["increased bleeding risk"])]
    timestamp: Annotated[str, msgspec.Meta(examples=["2026-01-31T10:30:00.123Z"])]
    sessionId: Annotated[str, msgspec.Meta(examples=["0f8fad5bd9cb469fa16570867728950e"])]
    unknown: Annotated[list[str], msgspec.Meta(examples=[["medB"]])] | None = None
    advice: str = ADVICE

    @classmethod
    def of(cls, check: Check) -> CheckView:
        """Return the answer about a stored check. The id of the check never comes from `Data`."""
        data = check.Data
        return cls(
            id=check.public_id,
            medA=data.medA,
            medB=data.medB,
            isPotentiallyRisky=data.isPotentiallyRisky,
            reason=data.reason,
            timestamp=data.timestamp,
            sessionId=data.sessionId,
            unknown=data.unknown,
        )


class HistoryView(msgspec.Struct, frozen=True, kw_only=True):
    """A session's latest checks, newest first.

    Attributes
    ----------
    completeFrom
        Each check of the session that was made at this moment or later is kept, unless it was
        deleted. Checks that were made earlier may be missing.
    """

    checks: list[CheckView]
    completeFrom: Annotated[str, msgspec.Meta(examples=["2026-01-01T10:30:06.000Z"])]


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """A session.

    Attributes
    ----------
    queryCount
        The number of checks that were made in the session. Checks that were deleted, or are no
        longer kept, count as well: the history may show fewer.
    expiresAt
        The session's end. From then on the session answers 404.
    """

    sessionId: Annotated[str, msgspec.Meta(examples=["0f8fad5bd9cb469fa16570867728950e"])]
    createdAt: Annotated[str, msgspec.Meta(examples=["2026-01-31T10:00:00.000Z"])]
    lastActivity: Annotated[str, msgspec.Meta(examples=["2026-01-31T10:30:00.123Z"])]
    queryCount: Annotated[int, msgspec.Meta(examples=[5])]
    expiresAt: Annotated[str, msgspec.Meta(examples=["2026-03-02T10:00:00Z"])]

    @classmethod
    def of(cls, session: Session) -> SessionView:
        """Return the answer about a stored session."""
        return cls(
            sessionId=session.sessionId,
            createdAt=session.Data.createdAt,
            lastActivity=session.lastActivity,
            queryCount=session.queryCount,
            expiresAt=iso(us_of_seconds(session.TTL), "seconds"),
        )


class SessionsView(msgspec.Struct, frozen=True, kw_only=True):
    """A user's sessions that have not ended, and the cursor of the next page; null after the last.

    The sessions are in the order of their ids.
    """

    sessions: list[SessionView]
    cursor: SessionCursor | None

    @classmethod
    def of(cls, page: SessionPage) -> SessionsView:
        """Return the answer about a page of sessions."""
        return cls(sessions=list(map(SessionView.of, page.sessions)), cursor=page.last)


class OwnedSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session and the id of its user, for support."""

    userId: Annotated[str, msgspec.Meta(examples=["ada"])]
    session: SessionView


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """A user and the user's first sessions, in the order of their ids.

    Attributes
    ----------
    createdAt
        When the user opened the first session; null if the user has never opened one.
    cursor
        `GET /sessions` shows the other sessions from there on; null if these are all.
    """

    userId: Annotated[str, msgspec.Meta(examples=["ada"])]
    createdAt: Annotated[str, msgspec.Meta(examples=["2026-01-31T10:00:00.000Z"])] | None
    sessions: list[SessionView]
    cursor: SessionCursor | None

    @classmethod
    def of(cls, subject: str, user: User | None, page: SessionPage) -> Me:
        """Return the answer about a user."""
        return cls(
            userId=subject,
            createdAt=user.Data.createdAt if user else None,
            sessions=list(map(SessionView.of, page.sessions)),
            cursor=page.last,
        )


class UsageView(msgspec.Struct, frozen=True, kw_only=True):
    """The requests of the current window that the caller's network has used."""

    limit: Annotated[int, msgspec.Meta(examples=[100])]
    count: Annotated[int, msgspec.Meta(examples=[15])]
    remaining: Annotated[int, msgspec.Meta(examples=[85])]
    windowStart: Annotated[str, msgspec.Meta(examples=["2026-01-31T10:00:00Z"])]
    windowEnd: Annotated[str, msgspec.Meta(examples=["2026-01-31T11:00:00Z"])]

    @classmethod
    def of(cls, usage: Usage) -> UsageView:
        """Return the answer about a client's use of its window."""
        return cls(
            limit=usage.limit,
            count=usage.count,
            remaining=usage.remaining,
            windowStart=usage.span.data.windowStart,
            windowEnd=usage.span.data.windowEnd,
        )
