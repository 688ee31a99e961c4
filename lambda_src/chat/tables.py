"""The chat system's tables and the items in them."""

from __future__ import annotations

from typing import Annotated

import msgspec

from chat.latency import Latency
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

Day = Annotated[str, msgspec.Meta(min_length=10, max_length=10)]
"""A UTC day: `2026-01-31`. All days have one length, so the keys of the roll-ups sort by day."""
ROSTER = "student"
"""The one partition key value of InactiveStudents, before it is sharded."""


class Message(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One question of a student and the tutor's answer to it.

    Attributes
    ----------
    timestamp
        Epoch milliseconds. The fraction keeps messages of one millisecond apart.
    studentId
        None for a student who is not signed in. Such a message is not in StudentActivityIndex.
    tokenCount
        Tokens of question and answer together.
    responseTime
        Milliseconds that the provider took.
    createdAt
        The same moment as `timestamp`, as ISO 8601 in UTC.
    """

    conversationId: Annotated[str, msgspec.Meta(examples=["algebra-1"])]
    timestamp: Annotated[float, msgspec.Meta(examples=[1767225600000.001])]
    messageId: Annotated[str, msgspec.Meta(examples=["0f8fad5bd9cb469fa165"])]
    moduleId: Annotated[int, msgspec.Meta(examples=[12])]
    provider: Annotated[str, msgspec.Meta(examples=["openai"])]
    modelUsed: Annotated[str, msgspec.Meta(examples=["gpt-4o"])]
    question: Annotated[str, msgspec.Meta(examples=["Why is minus times minus plus?"])]
    response: Annotated[str, compressed(above=1024), msgspec.Meta(examples=["Think of debts."])]
    tokenCount: Annotated[int, msgspec.Meta(examples=[42])]
    responseTime: Annotated[int, msgspec.Meta(examples=[830])]
    hasFile: Annotated[bool, msgspec.Meta(examples=[False])]
    createdAt: Annotated[str, msgspec.Meta(examples=["2026-01-01T00:00:00.000Z"])]
    studentId: Annotated[int, msgspec.Meta(examples=[456])] | None = None
    fileName: Annotated[str, msgspec.Meta(examples=["sketch.png"])] | None = None


class Fact(msgspec.Struct, kw_only=True):
    """The part of a message that analytics need: all but its texts."""

    conversationId: str
    timestamp: float
    moduleId: int
    provider: str
    modelUsed: str
    tokenCount: int
    responseTime: int
    studentId: int | None = None


class Counted(msgspec.Struct, kw_only=True):
    """A mark that a message is in the daily totals."""

    messageId: str


class ConversationOwner(msgspec.Struct, kw_only=True):
    """The student who has opened a conversation."""

    conversationId: str
    studentId: int


class ModuleDay(Latency, kw_only=True):
    """The total of one model in one module on one UTC day."""

    moduleId: int
    day: Day
    provider: str
    modelUsed: str
    messages: int = 0
    tokens: int = 0
    ttl: int | None = None


class ProviderDay(Latency, kw_only=True):
    """The total of one model of a provider on one UTC day."""

    provider: str
    day: Day
    modelUsed: str
    messages: int = 0
    tokens: int = 0
    ttl: int | None = None


class StudentDay(msgspec.Struct, kw_only=True):
    """The total of one student in one module on one UTC day."""

    moduleId: int
    studentId: int
    day: Day
    messages: int = 0
    tokens: int = 0
    responseTime: int = 0
    ttl: int | None = None


class LastActivity(msgspec.Struct, kw_only=True):
    """The last moment that a student was active.

    Attributes
    ----------
    lastAt
        The beginning of the hour of the last message, epoch ms. With whole hours the item, and
        its place in the index, changes at most once an hour and not with every message.
    """

    studentId: int
    lastAt: float
    roster: str = ROSTER
    ttl: int | None = None


MESSAGES = Table(
    "ChatMessages",
    """Key design:
    conversationId / timestamp: a conversation is one partition in order of time, so that
    showing it is one Query. The timestamp's fraction keeps messages of one millisecond apart.
    A create is conditional, so a message is never overwritten.
    ModuleAnalyticsIndex: a module's messages by time, for every module page and report.
    StudentActivityIndex: a student's messages by time. A message without studentId is not in
    this index. Otherwise all unknown students would share one hot, useless partition.
    ProviderUsageIndex: a provider's messages by time. Two or three key values take the writes
    of all messages. A partition takes 1,000 write units a second, so the key value can be
    spread over shards.
    All three indexes carry whole messages, so a page needs no second read.
    """,
    key=Key("conversationId", "timestamp"),
    entities=[Message],
    indexes=[
        Index(
            name="ModuleAnalyticsIndex",
            key=Key("moduleId", "timestamp"),
            why="All messages of a module in a range of time.",
        ),
        Index(
            name="StudentActivityIndex",
            key=Key("studentId", "timestamp"),
            why="All messages of a student in a range of time, across modules.",
            sparse=True,
        ),
        Index(
            name="ProviderUsageIndex",
            key=Key("provider", "timestamp"),
            why="All messages of a provider in a range of time.",
            cardinality=3,
            shards="provider_shards",
        ),
    ],
    ttl=Ttl("ttl", Retention(days="retention_days", since="timestamp", unit=1000)),
    stream=StreamView.NEW_IMAGE,
    physical="{name}{-env}",
)

ROLLUPS = Table(
    "ChatDailyRollups",
    """Key design:
    MODULE#id / day#provider#model: a module's report over any days is one Query of totals,
    with the cost by provider and model and a histogram of response times.
    PROVIDER#name / day#model: the same for a provider, and today's cost.
    STUDENTS#module / day#student: which students were active in a module and how often. Unique
    students and engagement are exact over any range of days. Daily counts could not give that.
    StudentDays: the same items by student, for one student's days.
    STUDENT#id / LAST: one item for each student that has ever written.
    InactiveStudents: these items by last activity. An index of messages could not list the
    students who have sent none for a long time. The index's partition key has one value, so the
    index is sharded.
    COUNTED#message / -: a mark that is written in the same transaction as the totals that the
    message is added to. So a message counts once, even if the stream delivers it many times.
    CONVERSATION#id / OWNER: the student who opened a conversation. It is written before the
    student's first message. So one of two students who open a conversation at once is refused.
    REQUEST#key / -: the moment that a request with an idempotency key has reserved for all its
    tries.
    """,
    key=Key("pk", "sk"),
    entities=[
        Entity(
            ModuleDay,
            keys={"pk": "MODULE#{moduleId}", "sk": "{day}#{provider}#{modelUsed}"},
        ),
        Entity(ProviderDay, keys={"pk": "PROVIDER#{provider}", "sk": "{day}#{modelUsed}"}),
        Entity(StudentDay, keys={"pk": "STUDENTS#{moduleId}", "sk": "{day}#{studentId}"}),
        Entity(LastActivity, keys={"pk": "STUDENT#{studentId}"}, constants={"sk": "LAST"}),
        Entity(
            Counted,
            keys={"pk": "COUNTED#{messageId}"},
            constants={"sk": "-"},
            retention=Retention(days="marker_days"),
        ),
        Entity(
            ConversationOwner,
            keys={"pk": "CONVERSATION#{conversationId}"},
            constants={"sk": "OWNER"},
            retention=Retention(days="retention_days"),
        ),
        Entity(
            Reservation,
            keys={"pk": "REQUEST#{requestId}"},
            constants={"sk": "-"},
            retention=Retention(days="idempotency_days"),
        ),
    ],
    indexes=[
        Index(
            name="StudentDays",
            key=Key("studentId", "day"),
            why="A student's totals by day, across modules.",
            sparse=True,
        ),
        Index(
            name="InactiveStudents",
            key=Key("roster", "lastAt"),
            why="The students whose last message is older than a date.",
            projection=include("studentId", "ttl"),
            sparse=True,
            cardinality=1,
            shards="roster_shards",
        ),
    ],
    ttl=Ttl("ttl"),
    physical="{name}{-env}",
)

SIZES = growth_table("ChatTableSizes")
