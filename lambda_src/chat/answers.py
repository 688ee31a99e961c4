"""What the analytics answer: the bodies of the responses."""

from __future__ import annotations

from typing import Literal

import msgspec

Source = Literal["messages", "totals"]
"""Whether the messages of the range were read, or the daily totals they were added to."""


class Percentile(msgspec.Struct, frozen=True):
    """Between which response times, in ms, a percentile lies (nearest rank).

    Attributes
    ----------
    atLeast, atMost
        Equal where it is known exactly; from daily totals the bounds of its bucket, at most
        28 % apart above 320 ms. Above the last bound atMost is None.
    """

    atLeast: int
    atMost: int | None


class LatencyAnswer(msgspec.Struct, frozen=True):
    """How long the provider took.

    Attributes
    ----------
    average
        ms.
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
    """What one model of a provider was used for.

    Attributes
    ----------
    usd
        At today's prices.
    share
        Its part of all messages in the answer, 0 to 1.
    """

    provider: str
    modelUsed: str
    messages: int
    tokens: int
    usd: float
    share: float


class CostAnswer(msgspec.Struct, frozen=True):
    """What the answers cost.

    Attributes
    ----------
    usd
        The sum over the models.
    pricesAsOf
        The day at which the prices were read.
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
        Their part of the students, 0 to 1.
    """

    once: int
    few: int
    regular: int
    heavy: int
    completed: int
    completionRate: float


class UsageAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What was used from one moment or day to another, both included."""

    start: str = msgspec.field(name="from")
    end: str = msgspec.field(name="to")
    source: Source
    messages: int
    tokens: int
    cost: CostAnswer
    latency: LatencyAnswer | None


class ModuleAnswer(UsageAnswer, frozen=True, kw_only=True):
    """A module's analytics. Students who are not signed in count as messages only."""

    moduleId: int
    uniqueStudents: int
    engagement: EngagementAnswer


class ProviderAnswer(UsageAnswer, frozen=True, kw_only=True):
    """A provider's usage, cost, performance, and the share of each model."""

    provider: str


class TodayAnswer(ProviderAnswer, frozen=True, kw_only=True):
    """What a provider cost today, against its budget.

    Attributes
    ----------
    budgetUsd
        What it may cost on a day; None where no budget is set.
    spent
        The part of the budget that is used up; above 1 it is exceeded.
    """

    budgetUsd: float | None
    spent: float | None


class Step(msgspec.Struct, frozen=True):
    """One module on a student's way."""

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
        How much on such a day.
    completedModules
        Modules with at least three messages.
    path
        The modules in the order in which the student came to them.
    """

    studentId: int
    activeDays: int
    messagesPerActiveDay: float
    completedModules: int
    path: list[Step]


class ReportRow(msgspec.Struct, frozen=True, kw_only=True):
    """One day, week or month.

    Attributes
    ----------
    period
        `2026-01-31`, `2026-W05` (ISO week) or `2026-01`.
    start, end
        Its first and last day within the range.
    averageResponseTime
        ms; None where there are no messages.
    uniqueStudents
        Distinct over the whole period; None where the report is not about a module.
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
    """A daily, weekly or monthly report. Periods without messages are in it."""

    by: Literal["day", "week", "month"]
    rows: list[ReportRow]


class SilentStudent(msgspec.Struct, frozen=True):
    """A student and the last activity, ISO 8601."""

    studentId: int
    lastAt: str


class SilentStudents(msgspec.Struct, frozen=True):
    """A page of students, longest silent first."""

    students: list[SilentStudent]
    cursor: str | None
