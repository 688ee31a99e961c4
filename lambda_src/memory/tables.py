"""The tables of the conversations, and the items in them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from keyline.growth import growth_table
from keyline.idempotency import Reservation
from keyline.model import (
    Entity,
    Index,
    Key,
    Retention,
    StreamView,
    Table,
    Ttl,
    compressed,
    include,
)
from memory.embeddings.tables import RETENTION

Role = Literal["user", "assistant", "system"]
"""Who wrote a turn."""
SUMMARY_LENGTH = 200
"""The most characters of a summary."""
Summary = Annotated[
    str, msgspec.Meta(max_length=SUMMARY_LENGTH, examples=["Asks for a table in San Jose."])
]
Moment = Annotated[float, msgspec.Meta(examples=[1767225600000.001])]
"""Epoch milliseconds with three decimals, which keep the turns of one millisecond in order."""


class Turn(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A turn: the words of one side of a conversation.

    Attributes
    ----------
    date
        The UTC day of the timestamp.
    suffix
        Three hexadecimal digits that keep turns of one microsecond apart. Timestamp and suffix
        make the identifier of the turn, which is that of its embedding.
    session
        The name of the session. Two users may give sessions the same name. None only for a turn
        that was migrated without one: it is not in SessionIndex.
    content
        The whole text. The text is in the table only, and in no index.
    content_summary
        The beginning of the text, for the history of the user.
    summary
        What the text says in a sentence, for the history of the session.
    content_hash
        SHA-256 of the text in UTF-8, as hexadecimal digits.
    """

    user_id: Annotated[str, msgspec.Meta(min_length=1, examples=["ada"])]
    date: Annotated[str, msgspec.Meta(min_length=10, max_length=10, examples=["2026-01-01"])]
    timestamp: Moment
    role: Role
    suffix: Annotated[str, msgspec.Meta(min_length=3, max_length=3, examples=["3fa"])]
    content: Annotated[str, compressed(above=1024)]
    content_summary: Summary
    summary: Summary
    content_hash: Annotated[str, msgspec.Meta(min_length=64, max_length=64)]
    tokens: int
    session: str | None = None


class UserTurn(msgspec.Struct, kw_only=True):
    """The part of a turn that the history of a user shows."""

    user_date: str
    timestamp_type: str
    timestamp: float
    role: Role
    content_summary: str
    tokens: int


class SessionTurn(msgspec.Struct, kw_only=True):
    """The part of a turn that the history of a session shows."""

    user_date: str
    timestamp_type: str
    timestamp: float
    role: Role
    summary: str
    content_hash: str


HISTORY = Table(
    "ial-conversation-history-v2",
    """Key design:
    user_date: user_id#YYYY-MM-DD, the UTC day. A partition is bounded, and a day is one Query. It
    does not relieve a hot partition: UserTimeIndex has one partition for each user.
    timestamp_type: the timestamp#role#suffix. The timestamp has 13 digits and three decimals, so
    the order of the texts is the order of time. A create is conditional, so a turn is never
    overwritten.
    UserTimeIndex: a user's turns by time, across days, with short summaries only. A page across
    midnight is one Query.
    SessionIndex: a session's turns by time. The value of session_id is the user and the name of
    the session, so no user reads or writes the session of another. It carries the role and the
    user in addition to what was specified, because its readers need them.
    Both indexes carry the expiry, so that reads leave out what has expired.
    """,
    key=Key("user_date", "timestamp_type"),
    entities=[
        Entity(
            Turn,
            keys={
                "user_date": "{user_id}#{date}",
                "timestamp_type": "{timestamp:017.3f}#{role}#{suffix}",
                "session_id": "{user_id}#{session}",
            },
        )
    ],
    indexes=[
        Index(
            name="UserTimeIndex",
            key=Key("user_id", "timestamp"),
            why="A user's turns by time, across days and sessions.",
            projection=include("content_summary", "tokens", "role", "ttl"),
        ),
        Index(
            name="SessionIndex",
            key=Key("session_id", "timestamp"),
            why="A session's turns by time.",
            projection=include("content_hash", "summary", "role", "user_id", "ttl"),
            sparse=True,
        ),
    ],
    ttl=Ttl("ttl", Retention(days=RETENTION, since="timestamp", unit=1000)),
    stream=StreamView.NEW_AND_OLD_IMAGES,
)

REQUESTS_TABLE = Table(
    "ial-requests",
    """Key design:
    request: the moment that a request with an idempotency key has reserved for all its tries. A
    table of its own keeps the stream and the indexes of the history free of these items.
    """,
    key=Key("request"),
    entities=[Entity(Reservation, keys={"request": "{requestId}"})],
    ttl=Ttl("ttl", Retention(days="idempotency_days")),
)

SIZES = growth_table("ial-table-sizes")
