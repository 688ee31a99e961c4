"""The bodies of the analytics' answers."""

from __future__ import annotations

from typing import Literal

import msgspec

Source = Literal["messages", "totals"]
"""Whether the answer was computed from the messages of the range or from the daily totals."""


class Percentile(msgspec.Struct, frozen=True):
    """The response times, in ms, between which a percentile lies (nearest rank).

    Attributes
    ----------
    atLeast, atMost
        Equal if the percentile is exact. From daily totals they are the bounds of a bucket of the
        histogram; above 320 ms they are at most 28 % apart. Above the last bound, atMost is null.
    """

    atLeast: int
    atMost: int | None


class LatencyAnswer(msgspec.Struct, frozen=True):
    """How long the provider took to answer.

    Attributes
    ----------
    average
        Milliseconds.
    fast, slow
        Messages answered in less than 2 s, and in more than 10 s.
    """

    average: float
    median: Percentile
    p95: Percentile
    p99: Percentile
    fast: int
    slow: int


class ModelCost(msgspec.Struct, frozen=True):
    """How much one model of a provider was used.

    Attributes
    ----------
    usd
        At today's prices.
    share
        The model's part of all messages of this answer, 0 to 1.
    """

    provider: str
    modelUsed: str
    messages: int
    tokens: int
    usd: float
    share: float


class CostAnswer(msgspec.Struct, frozen=True):
    """What the tutor's answers cost.

    Attributes
    ----------
    usd
        The sum over the models.
    pricesAsOf
        The day on which the prices were read.
    byProvider
        USD by provider.
    """

    usd: float
    pricesAsOf: str
    byProvider: dict[str, float]
    models: list[ModelCost]


class EngagementAnswer(msgspec.Struct, frozen=True):
    """How many students wrote how many messages.

    Attributes
    ----------
    once, few, regular, heavy
        Students with 1, 2 to 5, 6 to 15, and 16 messages or more.
    completed
        Students with at least three messages.
    completionRate
        The part of the students that have at least three messages, 0 to 1.
    """

    once: int
    few: int
    regular: int
    heavy: int
    completed: int
    completionRate: float


class UsageAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What was used from one moment or day to another. Both are included."""

    start: str = msgspec.field(name="from")
    end: str = msgspec.field(name="to")
    source: Source
    messages: int
    tokens: int
    cost: CostAnswer
    latency: LatencyAnswer | None


class ModuleAnswer(UsageAnswer, frozen=True, kw_only=True):
    """A module's analytics. Messages of students who are not signed in count only as messages."""

    moduleId: int
    uniqueStudents: int
    engagement: EngagementAnswer


class ProviderAnswer(UsageAnswer, frozen=True, kw_only=True):
    """A provider's usage, cost, performance, and the share of each model."""

    provider: str


class TodayAnswer(ProviderAnswer, frozen=True, kw_only=True):
    """What a provider has cost today, compared with its budget.

    Attributes
    ----------
    budgetUsd
        What the provider may cost on a day; null if no budget is set.
    spent
        The part of the budget that is spent. Above 1 the budget is exceeded.
    """

    budgetUsd: float | None
    spent: float | None


class Step(msgspec.Struct, frozen=True):
    """One module on a student's path."""

    moduleId: int
    messages: int
    startedAt: str
    lastAt: str


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

    studentId: int
    activeDays: int
    messagesPerActiveDay: float
    completedModules: int
    path: list[Step]


class ReportRow(msgspec.Struct, frozen=True, kw_only=True):
    """One day, week or month of a report.

    Attributes
    ----------
    period
        `2026-01-31`, `2026-W05` (ISO week) or `2026-01`.
    start, end
        The first and the last day of the period within the range.
    averageResponseTime
        Milliseconds; null if there are no messages.
    uniqueStudents
        Each student counts once in a period. Null if the report is not about a module.
    """

    period: str
    start: str = msgspec.field(name="from")
    end: str = msgspec.field(name="to")
    messages: int
    tokens: int
    usd: float | None
    averageResponseTime: float | None
    uniqueStudents: int | None


class Report(msgspec.Struct, frozen=True):
    """A daily, weekly or monthly report. It includes periods without messages."""

    by: Literal["day", "week", "month"]
    rows: list[ReportRow]


class SilentStudent(msgspec.Struct, frozen=True):
    """A student and the hour of the last activity, ISO 8601."""

    studentId: int
    lastAt: str


class SilentStudents(msgspec.Struct, frozen=True):
    """A page of students. The student who has been silent for the longest time comes first."""

    students: list[SilentStudent]
    cursor: str | None
