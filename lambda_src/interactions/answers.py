"""What the interactions API answers, in the specification's names."""

from __future__ import annotations

from typing import Annotated

import msgspec

from interactions.rate_limit import Usage
from interactions.rules import ADVICE
from interactions.tables import Check, Session, User
from keyline.moments import iso, us_of_seconds

CHECK_ID = "2026-01-31T10:30:00.123Z#4565f3a9c2e81b7d04a"


class CheckView(msgspec.Struct, frozen=True, kw_only=True):
    """A check and what came of it.

    Attributes
    ----------
    timestamp
        ISO 8601 in UTC.
    advice
        That this is information and no medical advice.
    """

    id: Annotated[str, msgspec.Meta(examples=[CHECK_ID])]
    medA: Annotated[str, msgspec.Meta(examples=["warfarin"])]
    medB: Annotated[str, msgspec.Meta(examples=["ibuprofen"])]
    isPotentiallyRisky: Annotated[bool, msgspec.Meta(examples=[True])]
    reason: Annotated[str, msgspec.Meta(examples=["increased bleeding risk"])]
    timestamp: Annotated[str, msgspec.Meta(examples=["2026-01-31T10:30:00.123Z"])]
    sessionId: str
    advice: str = ADVICE

    @classmethod
    def of(cls, check: Check) -> CheckView:
        """A stored check as it is shown. Nothing in `Data` takes the place of its id."""
        data = check.Data
        return cls(
            id=check.public_id,
            medA=data.medA,
            medB=data.medB,
            isPotentiallyRisky=data.isPotentiallyRisky,
            reason=data.reason,
            timestamp=data.timestamp,
            sessionId=data.sessionId,
        )


class HistoryView(msgspec.Struct, frozen=True, kw_only=True):
    """A session's latest checks, newest first."""

    checks: list[CheckView]


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """A session.

    Attributes
    ----------
    queryCount
        Checks that were made in it.
    expiresAt
        From then on it is none.
    """

    sessionId: str
    createdAt: Annotated[str, msgspec.Meta(examples=["2026-01-31T10:00:00.000Z"])]
    lastActivity: Annotated[str, msgspec.Meta(examples=["2026-01-31T10:30:00.123Z"])]
    queryCount: Annotated[int, msgspec.Meta(examples=[5])]
    expiresAt: Annotated[str, msgspec.Meta(examples=["2026-03-02T10:00:00Z"])]

    @classmethod
    def of(cls, session: Session) -> SessionView:
        """A stored session as its user sees it."""
        return cls(
            sessionId=session.sessionId,
            createdAt=session.Data.createdAt,
            lastActivity=session.lastActivity,
            queryCount=session.queryCount,
            expiresAt=iso(us_of_seconds(session.TTL), "seconds"),
        )


class SessionsView(msgspec.Struct, frozen=True, kw_only=True):
    """A user's sessions that are not over."""

    sessions: list[SessionView]


class OwnedSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session and whose it is, for support."""

    userId: str
    session: SessionView


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """A user and his sessions.

    Attributes
    ----------
    createdAt
        When the first session was opened; None for who has opened none.
    """

    userId: str
    createdAt: str | None
    sessions: list[SessionView]

    @classmethod
    def of(cls, subject: str, user: User | None, sessions: list[Session]) -> Me:
        """What is stored of a user."""
        return cls(
            userId=subject,
            createdAt=user.Data.createdAt if user else None,
            sessions=[SessionView.of(session) for session in sessions],
        )


class UsageView(msgspec.Struct, frozen=True, kw_only=True):
    """How much of its current window the caller's address has used up."""

    limit: Annotated[int, msgspec.Meta(examples=[100])]
    count: Annotated[int, msgspec.Meta(examples=[15])]
    remaining: Annotated[int, msgspec.Meta(examples=[85])]
    windowStart: Annotated[str, msgspec.Meta(examples=["2026-01-31T10:00:00Z"])]
    windowEnd: Annotated[str, msgspec.Meta(examples=["2026-01-31T11:00:00Z"])]

    @classmethod
    def of(cls, usage: Usage) -> UsageView:
        """What the limiter found."""
        return cls(
            limit=usage.limit,
            count=usage.count,
            remaining=usage.remaining,
            windowStart=usage.span.data.windowStart,
            windowEnd=usage.span.data.windowEnd,
        )
