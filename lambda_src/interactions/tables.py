"""The interactions system's single table and the five kinds of items in it."""

from __future__ import annotations

from typing import Annotated

import msgspec

from keyline.growth import growth_table
from keyline.model import Entity, Index, Key, Retention, Table, Ttl

Day = Annotated[str, msgspec.Meta(min_length=10, max_length=10)]
"""A UTC day: `2026-01-31`."""
Milliseconds = Annotated[str, msgspec.Meta(min_length=24, max_length=24)]
"""ISO 8601 in UTC: `2026-01-31T10:00:00.123Z`. Its one length keeps keys in the order of time."""


class CheckData(msgspec.Struct, kw_only=True):
    """What was checked, and what came of it.

    Attributes
    ----------
    timestamp
        ISO 8601 in UTC, to the millisecond.
    """

    medA: str
    medB: str
    isPotentiallyRisky: bool
    reason: str
    timestamp: str
    sessionId: str


class Check(msgspec.Struct, kw_only=True):
    """One check of two medicines against each other, in a session.

    Attributes
    ----------
    at
        The timestamp of `Data`, as a part of the keys.
    id
        What tells apart the checks of one millisecond, in the order they were made in.
    TTL
        Epoch seconds: `history_days` after `at`.
    """

    sessionId: str
    at: Milliseconds
    id: str
    Data: CheckData
    TTL: int | None = None

    @property
    def public_id(self) -> str:
        """What the check is called outside: its PK after the first `#`."""
        return f"{self.at}#{self.id}"


class CheckKey(msgspec.Struct, kw_only=True):
    """What a check is deleted by."""

    at: Milliseconds
    id: str


class WindowData(msgspec.Struct, kw_only=True):
    """From when to when a window is, as ISO 8601 in UTC; the end is no part of it."""

    windowStart: str
    windowEnd: str


class Window(msgspec.Struct, kw_only=True):
    """How many requests a client made in one window of time.

    Attributes
    ----------
    client
        A keyed digest of the client's address: addresses are personal data.
    count
        At the top level: DynamoDB's ADD does not reach into a map that may be absent.
    TTL
        Epoch seconds: the window's end and the slack.
    """

    client: str
    windowStart: str
    Data: WindowData
    count: int = 0
    TTL: int | None = None


class FaqSearchData(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What an FAQ search found.

    Attributes
    ----------
    searchTime
        Milliseconds.
    query
        The words; None unless the setting `faq_keep_text` has them kept.
    """

    matches: int
    searchTime: float
    timestamp: str
    query: str | None = None


class FaqSearch(msgspec.Struct, kw_only=True):
    """One FAQ search.

    Attributes
    ----------
    day
        UTC: `2026-01-31`.
    shard
        Nothing for the day's first partition, `#1` for the second.
    at
        ISO 8601 in UTC, to the microsecond: no two searches of a process share one.
    digest
        The beginning of the words' SHA-256, the same in every process.
    """

    day: Day
    at: str
    digest: str
    Data: FaqSearchData
    shard: str = ""
    TTL: int | None = None


class SessionData(msgspec.Struct, kw_only=True):
    """What of a session never changes."""

    createdAt: str


class Session(msgspec.Struct, kw_only=True):
    """A user's session.

    Attributes
    ----------
    userId
        The subject of the user's token.
    sessionId
        Unique among all users': GSI1 has its checks by it alone.
    TTL
        The session's end, epoch seconds. No read gives the session from then on, whether or
        not DynamoDB has deleted it.
    lastActivity
        ISO 8601 in UTC.
    queryCount
        Checks made in it. At the top level, as every counter.
    """

    userId: str
    sessionId: str
    TTL: int
    lastActivity: str
    Data: SessionData
    queryCount: int = 0


class UserData(msgspec.Struct, kw_only=True):
    """What is known of a user: since when."""

    createdAt: str


class User(msgspec.Struct, kw_only=True):
    """Somebody who has opened a session."""

    userId: str
    Data: UserData


DATA = Table(
    "mediphant-data",
    """Key design:
    QUERY#at#id / METADATA: every check is a partition of its own, so that writes spread. The
    id keeps two checks of one millisecond apart, whoever makes them.
    RATE_LIMIT#client / WINDOW#start: a client's current window is one item whose key is known
    without reading: one conditional update counts and decides.
    FAQ_SEARCH#day / QUERY#at#digest: a day's searches are one Query. All writes of a day would
    meet one partition, so it can be spread: FAQ_SEARCH#day#1 and so on.
    USER#user / PROFILE and SESSION#session: a user and his sessions are one partition, so that
    all of it is one Query, and nobody reaches a session but by its user's key.
    GSI1, USER#session / QUERY#at#id: a session's checks in order of time. The value is a session
    id, the name is the specification's; users' own items are not in the index under it.
    GSI1, SESSION#session / USER#user: whose session it is.
    Windows, searches and profiles lack GSI1's key and are not in it.
    """,
    key=Key("PK", "SK"),
    discriminator="EntityType",
    entities=[
        Entity(
            Check,
            keys={
                "PK": "QUERY#{at}#{id}",
                "GSI1PK": "USER#{sessionId}",
                "GSI1SK": "QUERY#{at}#{id}",
            },
            tag="QUERY",
            constants={"SK": "METADATA"},
            retention=Retention(days="history_days"),
        ),
        Entity(
            Window,
            keys={"PK": "RATE_LIMIT#{client}", "SK": "WINDOW#{windowStart}"},
            tag="RATE_LIMIT",
            # The longest window that a setting allows; every write gives the exact end.
            retention=Retention(days=1),
        ),
        Entity(
            FaqSearch,
            keys={"PK": "FAQ_SEARCH#{day}{shard}", "SK": "QUERY#{at}#{digest}"},
            tag="FAQ_SEARCH",
            retention=Retention(days="faq_days"),
        ),
        Entity(
            Session,
            keys={
                "PK": "USER#{userId}",
                "SK": "SESSION#{sessionId}",
                "GSI1PK": "SESSION#{sessionId}",
                "GSI1SK": "USER#{userId}",
            },
            tag="SESSION",
            retention=Retention(days="session_days"),
        ),
        Entity(
            User,
            keys={"PK": "USER#{userId}"},
            tag="USER",
            constants={"SK": "PROFILE"},
        ),
    ],
    indexes=[
        Index(
            name="GSI1",
            key=Key("GSI1PK", "GSI1SK"),
            why="A session's checks by time, and a session by its id.",
            sparse=True,
        )
    ],
    ttl=Ttl("TTL"),
)

SIZES = growth_table("MediphantTableSizes")
