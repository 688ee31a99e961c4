"""The bodies of the analytics' answers."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from chat.inputs import Cursor, Id, Provider

Source = Literal["messages", "totals"]
"""Whether the answer was computed from the messages of the range or from the daily totals."""

Model = Annotated[str, msgspec.Meta(examples=["gpt-4o"])]
Count = Annotated[int, msgspec.Meta(examples=[9])]
Tokens = Annotated[int, msgspec.Meta(examples=[3780])]
Milliseconds = Annotated[int, msgspec.Meta(examples=[830])]
Average = Annotated[float, msgspec.Meta(examples=[912.5])]
"""Milliseconds."""
Usd = Annotated[
    Decimal,
    msgspec.Meta(
        description="US dollars with at most 9 decimals, not rounded: parts add up to their total.",
        examples=[0.25],
    ),
]
Share = Annotated[float, msgspec.Meta(examples=[0.5])]
"""A part of a whole: 1 is all of it."""
Day = Annotated[str, msgspec.Meta(examples=["2026-01-31"])]
Moment = Annotated[str, msgspec.Meta(examples=["2026-01-31T10:30:00.123Z"])]
"""ISO 8601 in UTC."""
CompleteFrom = Annotated[
    str,
    msgspec.Meta(
        description="From when on everything is counted, in the form of `from`. It equals `from` "
        "unless the range begins before what is kept. What is older is missing or counted in part.",
        examples=["2026-01-31"],
    ),
]


class Percentile(msgspec.Struct, frozen=True):
    """The response times, in ms, between which a percentile lies (nearest rank).

    Attributes
    ----------
    atLeast, atMost
        Equal if the percentile is exact. From daily totals they are the bounds of a bucket of the
        histogram; above 320 ms they are at most 28 % apart. Above the last bound, atMost is null.
    """

    atLeast: Milliseconds
    atMost: Milliseconds | None


class LatencyAnswer(msgspec.Struct, frozen=True):
    """The time that the provider took to answer.

    Attributes
    ----------
    average
        Milliseconds.
    fast, slow
        Messages answered in less than 2 s, and in more than 10 s.
    """

    average: Average
    median: Percentile
    p95: Percentile
    p99: Percentile
    fast: Count
    slow: Count


class ModelCost(msgspec.Struct, frozen=True):
    """The use of one model of a provider.

    Attributes
    ----------
    usd
        At today's prices; null if the provider has no price.
    share
        The model's part of all messages of this answer, 0 to 1.
    """

    provider: Provider
    modelUsed: Model
    messages: Count
    tokens: Tokens
    usd: Usd | None
    share: Share


class CostAnswer(msgspec.Struct, frozen=True):
    """The cost of the tutor's answers.

    Attributes
    ----------
    usd
        The sum over the models, which is also the sum over the providers. Null if a provider of
        this answer has no price: `byProvider` then has null for the provider.
    pricesAsOf
        The day on which the prices were read.
    byProvider
        USD by provider; null for a provider that has no price.
    """

    usd: Usd | None
    pricesAsOf: Day
    byProvider: Annotated[dict[str, Usd | None], msgspec.Meta(examples=[{"openai": 0.25}])]
    models: list[ModelCost]


class EngagementAnswer(msgspec.Struct, frozen=True):
    """The numbers of students and of their messages.

    Attributes
    ----------
    once, few, regular, heavy
        Students with 1, 2 to 5, 6 to 15, and 16 messages or more.
    completed
        Students with at least three messages.
    completionRate
        The part of the students that have at least three messages, 0 to 1.
    """

    once: Count
    few: Count
    regular: Count
    heavy: Count
    completed: Count
    completionRate: Share


class UsageAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The use from one moment or day to another. The two ends are included."""

    start: Moment = msgspec.field(name="from")
    end: Moment = msgspec.field(name="to")
    completeFrom: CompleteFrom
    source: Source
    messages: Count
    tokens: Tokens
    cost: CostAnswer
    latency: LatencyAnswer | None


class ModuleAnswer(UsageAnswer, frozen=True, kw_only=True):
    """A module's analytics. Messages of students who are not signed in count only as messages."""

    moduleId: Id
    uniqueStudents: Count
    engagement: EngagementAnswer


class ProviderAnswer(UsageAnswer, frozen=True, kw_only=True):
    """A provider's usage, cost, performance, and the share of each model."""

    provider: Provider


class TodayAnswer(ProviderAnswer, frozen=True, kw_only=True):
    """The cost of a provider today, compared with its budget.

    Attributes
    ----------
    budgetUsd
        What the provider may cost on a day; null if no budget is set.
    spent
        The part of the budget that is spent. Above 1 the budget is exceeded. Null without a
        budget, with a budget of 0, and if the provider has no price.
    """

    budgetUsd: Usd | None
    spent: Share | None


class Step(msgspec.Struct, frozen=True):
    """One module on a student's path."""

    moduleId: Id
    messages: Count
    startedAt: Moment
    lastAt: Moment


class StudentAnswer(UsageAnswer, frozen=True, kw_only=True):
    """A student's report.

    Attributes
    ----------
    activeDays
        UTC days with at least one message.
    messagesPerActiveDay
        The average over the active days.
    completedModules
        Modules with at least three messages.
    path
        The modules in the order of the student's first message in each.
    """

    studentId: Id
    activeDays: Count
    messagesPerActiveDay: Annotated[float, msgspec.Meta(examples=[4.5])]
    completedModules: Count
    path: list[Step]


class ReportRow(msgspec.Struct, frozen=True, kw_only=True):
    """One day, week or month of a report.

    Attributes
    ----------
    period
        `2026-01-31`, `2026-W05` (ISO week) or `2026-01`.
    start, end
        The first and the last day of the period within the range.
    usd
        Null in a student's report, and if a provider of this period has no price.
    averageResponseTime
        Milliseconds; null if there are no messages.
    uniqueStudents
        Each student counts once in a period. Null if the report is not about a module.
    """

    period: Day
    start: Day = msgspec.field(name="from")
    end: Day = msgspec.field(name="to")
    messages: Count
    tokens: Tokens
    usd: Usd | None
    averageResponseTime: Average | None
    uniqueStudents: Count | None


class Report(msgspec.Struct, frozen=True):
    """A daily, weekly or monthly report. The report includes periods without messages.

    Attributes
    ----------
    completeFrom
        The first day from which on everything is counted. This day is the first day of the range
        unless the range begins before what is kept. Rows of earlier days miss what is no longer
        kept.
    """

    by: Literal["day", "week", "month"]
    completeFrom: Day
    rows: list[ReportRow]


class SilentStudent(msgspec.Struct, frozen=True):
    """A student and the hour of the last activity, ISO 8601."""

    studentId: Id
    lastAt: Moment


class SilentStudents(msgspec.Struct, frozen=True):
    """A page of students. The student who has been silent for the longest time comes first.

    Attributes
    ----------
    completeFrom
        Each student whose last activity is at this moment or later is kept. A student who has been
        silent for longer may be missing.
    """

    students: list[SilentStudent]
    completeFrom: Moment
    cursor: Cursor | None
