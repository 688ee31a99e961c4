"""The interactions system's single table and the six kinds of items in it."""

from __future__ import annotations

from typing import Annotated

import msgspec

from keyline.growth import growth_table
from keyline.idempotency import Reservation
from keyline.model import Entity, Index, Key, Retention, Table, Ttl

Day = Annotated[str, msgspec.Meta(min_length=10, max_length=10)]
"""A UTC day: `2026-01-31`."""
Milliseconds = Annotated[str, msgspec.Meta(min_length=24, max_length=24)]
"""ISO 8601 in UTC: `2026-01-31T10:00:00.123Z`. All have one length, so keys sort by time."""


class CheckData(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The medicines of a check, and its result.

    Attributes
    ----------
    timestamp
        ISO 8601 in UTC, to the millisecond.
    unknown
        Which of `medA` and `medB` the rules did not know; None for a check of an earlier release.
    """

    medA: str
    medB: str
    isPotentiallyRisky: bool
    reason: str
    timestamp: str
    sessionId: str
    unknown: list[str] | None = None


class Check(msgspec.Struct, kw_only=True):
    """One check of two medicines against each other, in a session.

    Attributes
    ----------
    at
        The timestamp of `Data`. The timestamp is a part of the keys.
    id
        Keeps checks of one millisecond apart, in the order in which they were made.
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
        """Return the check's id in the API: its PK after the first `#`."""
        return f"{self.at}#{self.id}"


class CheckKey(msgspec.Struct, kw_only=True):
    """The fields of a check's key."""

    at: Milliseconds
    id: str


class WindowData(msgspec.Struct, kw_only=True):
    """The start and the end of a window, ISO 8601 in UTC. The end is not a part of the window."""

    windowStart: str
    windowEnd: str


class Window(msgspec.Struct, kw_only=True):
    """The number of requests of a client in one window of time.

    Attributes
    ----------
    client
        A keyed digest of the client's network, because addresses are personal data.
    count
        At the top level, because DynamoDB's ADD fails in a map that does not exist.
    TTL
        Epoch seconds: the window's end plus `rate_slack_seconds`.
    """

    client: str
    windowStart: str
    Data: WindowData
    count: int = 0
    TTL: int | None = None


class FaqSearchData(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The result of an FAQ search.

    Attributes
    ----------
    searchTime
        Milliseconds.
    query
        The words, if the setting `faq_keep_text` is true; None otherwise.
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
        Empty for the day's first partition, `#1` for the second.
    at
        ISO 8601 in UTC, to the microsecond. Two searches of one process never share a moment.
    digest
        The beginning of the SHA-256 of the words. This digest is the same in every process.
    """

    day: Day
    at: str
    digest: str
    Data: FaqSearchData
    shard: str = ""
    TTL: int | None = None


class SessionData(msgspec.Struct, kw_only=True):
    """The part of a session that never changes."""

    createdAt: str


class Session(msgspec.Struct, kw_only=True):
    """A user's session.

    Attributes
    ----------
    userId
        The subject of the user's token.
    sessionId
        Unique across all users, because GSI1 finds a session's checks by this id alone.
    TTL
        The session's end, epoch seconds. From then on no read returns the session, even if
        DynamoDB has not deleted it yet.
    lastActivity
        ISO 8601 in UTC.
    queryCount
        The number of checks of the session. At the top level, because ADD changes it.
    """

    userId: str
    sessionId: str
    TTL: int
    lastActivity: str
    Data: SessionData
    queryCount: int = 0


class UserData(msgspec.Struct, kw_only=True):
    """The moment when a user opened the first session."""

    createdAt: str


class User(msgspec.Struct, kw_only=True):
    """A user who has opened a session."""

    userId: str
    Data: UserData


DATA = Table(
    "mediphant-data",
    """Key design:
    QUERY#at#id / METADATA: every check is its own partition, so that writes spread. The id keeps
    two checks of one millisecond apart, also checks of different users.
    RATE_LIMIT#client / WINDOW#start: a client's current window is one item. Its key can be
    computed without a read, so one conditional update counts a request and decides on it.
    FAQ_SEARCH#day / QUERY#at#digest: a day's searches are one Query. All writes of a day go to
    one partition, so the partition can be spread: FAQ_SEARCH#day#1 and so on.
    USER#user / PROFILE and SESSION#session: a user and the user's sessions are one partition, so
    one Query reads them all. A session can only be read by the key of its user.
    GSI1, USER#session / QUERY#at#id: a session's checks in order of time. The specification names
    this key USER, but its value is a session's id. No user's item has such a key.
    GSI1, SESSION#session / USER#user: the user of a session.
    REQUEST#key / -: the moment that a request with an idempotency key has reserved for all its
    tries.
    Windows, searches, profiles and requests have no key of GSI1 and are not in the index.
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
            # The longest window that the settings allow. Every write sets the exact end.
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
        Entity(
            Reservation,
            keys={"PK": "REQUEST#{requestId}"},
            tag="REQUEST",
            constants={"SK": "-"},
            retention=Retention(days="idempotency_days"),
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
