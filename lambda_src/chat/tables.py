"""The chat system's tables and the items in them."""

from __future__ import annotations

from typing import Annotated

import msgspec

from chat.latency import Latency
from keyline.growth import growth_table
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
"""A UTC day: `2026-01-31`. Its one length keeps the keys of the roll-ups in the order of days."""
ROSTER = "student"
"""The one partition key value of InactiveStudents, before it is sharded."""


class Message(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One question of a student and the tutor's answer to it.

    Attributes
    ----------
    timestamp
        Epoch milliseconds; the fraction keeps messages of one millisecond apart.
    studentId
        None for a student who is not signed in: the message is then in no student's index.
    tokenCount
        Tokens of question and answer together.
    responseTime
        Milliseconds the provider took.
    createdAt
        The timestamp again, as ISO 8601 in UTC.
    """

    conversationId: str
    timestamp: float
    messageId: str
    moduleId: int
    provider: str
    modelUsed: str
    question: str
    response: Annotated[str, compressed(above=1024)]
    tokenCount: int
    responseTime: int
    hasFile: bool
    createdAt: str
    studentId: int | None = None
    fileName: str | None = None


class Fact(msgspec.Struct, kw_only=True):
    """What analytics need of a message: all but its texts."""

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


class ModuleDay(Latency, kw_only=True):
    """What one model did in one module on one UTC day."""

    moduleId: int
    day: Day
    provider: str
    modelUsed: str
    messages: int = 0
    tokens: int = 0
    ttl: int | None = None


class ProviderDay(Latency, kw_only=True):
    """What one model of a provider did on one UTC day."""

    provider: str
    day: Day
    modelUsed: str
    messages: int = 0
    tokens: int = 0
    ttl: int | None = None


class StudentDay(msgspec.Struct, kw_only=True):
    """What one student did in one module on one UTC day."""

    moduleId: int
    studentId: int
    day: Day
    messages: int = 0
    tokens: int = 0
    responseTime: int = 0
    ttl: int | None = None


class LastActivity(msgspec.Struct, kw_only=True):
    """When a student was last heard of.

    Attributes
    ----------
    lastAt
        The beginning of the hour of the last message, epoch ms: so the item, and its place
        in the index, changes once an hour at most, and not with every message.
    """

    studentId: int
    lastAt: float
    roster: str = ROSTER
    ttl: int | None = None


MESSAGES = Table(
    "ChatMessages",
    """Key design:
    conversationId / timestamp: a conversation is one partition in order of time, so that
    showing it is one Query. The timestamp's fraction keeps messages of one millisecond apart,
    and a create is conditional: nothing is ever overwritten.
    ModuleAnalyticsIndex: a module's messages by time, for every module page and report.
    StudentActivityIndex: a student's messages by time. Without studentId a message is not in
    it: unknown students would otherwise share one hot, useless partition.
    ProviderUsageIndex: a provider's messages by time. Two or three key values take the writes
    of all messages, and a partition takes 1,000 write units a second, so the value can be
    spread over shards.
    All three carry whole messages: their pages show them without a second read.
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
    STUDENTS#module / day#student: who was active in a module and how often, so that unique
    students and engagement are exact over any range of days, which daily counts cannot give.
    StudentDays: the same items by student, for one student's days.
    STUDENT#id / LAST: one item per student that has ever written.
    InactiveStudents: these by last activity. An index of activity cannot list who has none.
    Its partition key has one value, so it is sharded.
    COUNTED#message / -: written in the same transaction as the totals that a message is added
    to, so that a message counts once however often the stream delivers it.
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
    ],
    indexes=[
        Index(
            name="StudentDays",
            key=Key("studentId", "day"),
            why="What a student did on which day, across modules.",
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
