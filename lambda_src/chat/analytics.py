"""The arithmetic of the analytics: from daily totals and messages to answers. No I/O.

Totals of messages and totals read from the roll-ups are of one form, so one arithmetic
serves both; only percentiles differ, which are exact where the messages are at hand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

import msgspec

from chat.answers import (
    CostAnswer,
    EngagementAnswer,
    LatencyAnswer,
    ModelCost,
    ModuleAnswer,
    Percentile,
    ProviderAnswer,
    Report,
    ReportRow,
    Source,
    Step,
    StudentAnswer,
    TodayAnswer,
)
from chat.days import Division, Range, division_of, divisions
from chat.latency import BOUNDS, BUCKETS, FAST_BELOW, SLOW_ABOVE
from chat.prices import Prices
from chat.tables import Fact, ModuleDay, ProviderDay, StudentDay
from chat.totals import fold
from keyline.days import Days, day_of
from keyline.moments import iso, us_of_ms
from keyline.percentile import percentile, rank

COMPLETED_FROM = 3
"""Messages from which on a student has completed a module."""

ModelDay = ModuleDay | ProviderDay


def cost(totals: Iterable[ModelDay], prices: Prices) -> CostAnswer:
    """Cost by provider and model, the most used model first."""
    messages: dict[tuple[str, str], int] = defaultdict(int)
    tokens: dict[tuple[str, str], int] = defaultdict(int)
    by_provider: dict[str, int] = defaultdict(int)
    for total in totals:
        key = (total.provider, total.modelUsed)
        messages[key] += total.messages
        tokens[key] += total.tokens
        by_provider[total.provider] += total.tokens
    count = sum(messages.values())
    usd = {provider: prices.usd(provider, used) for provider, used in sorted(by_provider.items())}
    models = [
        ModelCost(
            provider=provider,
            modelUsed=model,
            messages=messages[provider, model],
            tokens=tokens[provider, model],
            usd=prices.usd(provider, tokens[provider, model]),
            share=messages[provider, model] / count,
        )
        for provider, model in sorted(messages, key=lambda key: (-messages[key], key))
    ]
    return CostAnswer(
        usd=round(sum(usd.values()), 6),
        pricesAsOf=prices.as_of,
        byProvider=usd,
        models=models,
    )


def latency_of_messages(facts: Iterable[Fact]) -> LatencyAnswer | None:
    """Response times with exact percentiles; None without messages."""
    times = sorted(fact.responseTime for fact in facts)
    if not times:
        return None

    def exact(part: float) -> Percentile:
        value = percentile(times, part)
        return Percentile(value, value)

    return LatencyAnswer(
        average=sum(times) / len(times),
        median=exact(0.5),
        p95=exact(0.95),
        p99=exact(0.99),
        fast=sum(time < FAST_BELOW for time in times),
        slow=sum(time > SLOW_ABOVE for time in times),
    )


def latency_of_totals(totals: Sequence[ModelDay]) -> LatencyAnswer | None:
    """Response times from histograms: percentiles to within their bucket; None without any."""
    count = sum(total.messages for total in totals)
    if not count:
        return None
    filled = list(accumulate(sum(getattr(t, name) for t in totals) for name in BUCKETS))

    def within(part: float) -> Percentile:
        wanted = rank(count, part)
        place = next(i for i, reached in enumerate(filled) if reached >= wanted)
        least = BOUNDS[place - 1] + 1 if place else 0
        return Percentile(least, BOUNDS[place] if place < len(BOUNDS) else None)

    return LatencyAnswer(
        average=sum(total.responseTime for total in totals) / count,
        median=within(0.5),
        p95=within(0.95),
        p99=within(0.99),
        fast=sum(total.fast for total in totals),
        slow=sum(total.slow for total in totals),
    )


def engagement(counts: Iterable[int]) -> EngagementAnswer:
    """How engaged students are, from the number of messages of each."""
    each = list(counts)
    completed = sum(count >= COMPLETED_FROM for count in each)
    return EngagementAnswer(
        once=sum(count == 1 for count in each),
        few=sum(2 <= count <= 5 for count in each),
        regular=sum(6 <= count <= 15 for count in each),
        heavy=sum(count >= 16 for count in each),
        completed=completed,
        completionRate=completed / len(each) if each else 0.0,
    )


def messages_by_student(days: Iterable[StudentDay]) -> Mapping[int, int]:
    """Messages of each student over all days."""
    counts: dict[int, int] = defaultdict(int)
    for day in days:
        counts[day.studentId] += day.messages
    return counts


def module_from_messages(
    module: int, span: Range, facts: Sequence[Fact], prices: Prices
) -> ModuleAnswer:
    """A module's analytics from its messages."""
    totals = fold(facts)
    return _module(
        module,
        span,
        "messages",
        list(totals.modules.values()),
        list(totals.students.values()),
        latency_of_messages(facts),
        prices,
    )


def module_from_totals(
    module: int,
    days: Days,
    totals: Sequence[ModuleDay],
    students: Iterable[StudentDay],
    prices: Prices,
) -> ModuleAnswer:
    """A module's analytics from its daily totals."""
    return _module(module, days, "totals", totals, students, latency_of_totals(totals), prices)


def _module(
    module: int,
    asked: Range,
    source: Source,
    totals: Sequence[ModuleDay],
    students: Iterable[StudentDay],
    latency: LatencyAnswer | None,
    prices: Prices,
) -> ModuleAnswer:
    counts = messages_by_student(students)
    start, end = bounds_of(asked)
    return ModuleAnswer(
        start=start,
        end=end,
        source=source,
        messages=sum(total.messages for total in totals),
        tokens=sum(total.tokens for total in totals),
        cost=cost(totals, prices),
        latency=latency,
        moduleId=module,
        uniqueStudents=len(counts),
        engagement=engagement(counts.values()),
    )


def provider_from_messages(
    provider: str, span: Range, facts: Sequence[Fact], prices: Prices
) -> ProviderAnswer:
    """A provider's analytics from its messages."""
    totals = list(fold(facts).providers.values())
    return _provider(provider, span, "messages", totals, latency_of_messages(facts), prices)


def provider_from_totals(
    provider: str, days: Days, totals: Sequence[ProviderDay], prices: Prices
) -> ProviderAnswer:
    """A provider's analytics from its daily totals."""
    return _provider(provider, days, "totals", totals, latency_of_totals(totals), prices)


def _provider(
    provider: str,
    asked: Range,
    source: Source,
    totals: Sequence[ProviderDay],
    latency: LatencyAnswer | None,
    prices: Prices,
) -> ProviderAnswer:
    start, end = bounds_of(asked)
    return ProviderAnswer(
        start=start,
        end=end,
        source=source,
        messages=sum(total.messages for total in totals),
        tokens=sum(total.tokens for total in totals),
        cost=cost(totals, prices),
        latency=latency,
        provider=provider,
    )


def against_budget(answer: ProviderAnswer, budget: float | None) -> TodayAnswer:
    """The same with what part of a day's budget it is."""
    return TodayAnswer(
        **msgspec.structs.asdict(answer),
        budgetUsd=budget,
        spent=answer.cost.usd / budget if budget else None,
    )


def student_from_messages(
    student: int, asked: Range, facts: Sequence[Fact], prices: Prices
) -> StudentAnswer:
    """A student's report from all messages of the range."""
    totals = fold(facts)
    models = list(totals.providers.values())
    path = learning_path(facts)
    days = len({day_of(fact.timestamp) for fact in facts})
    start, end = bounds_of(asked)
    return StudentAnswer(
        start=start,
        end=end,
        source="messages",
        messages=len(facts),
        tokens=sum(fact.tokenCount for fact in facts),
        cost=cost(models, prices),
        latency=latency_of_messages(facts),
        studentId=student,
        activeDays=days,
        messagesPerActiveDay=len(facts) / days if days else 0.0,
        completedModules=sum(step.messages >= COMPLETED_FROM for step in path),
        path=path,
    )


def learning_path(facts: Iterable[Fact]) -> list[Step]:
    """The modules of a student's messages, in the order of the first message in each."""
    times: dict[int, list[float]] = defaultdict(list)
    for fact in facts:
        times[fact.moduleId].append(fact.timestamp)
    return [
        Step(module, len(own), iso(us_of_ms(min(own))), iso(us_of_ms(max(own))))
        for module, own in sorted(times.items(), key=lambda entry: min(entry[1]))
    ]


def model_report(
    days: Days,
    by: Division,
    totals: Iterable[ModelDay],
    prices: Prices,
    students: Iterable[StudentDay] | None = None,
) -> Report:
    """A module's or provider's totals by day, week or month.

    Parameters
    ----------
    students
        Who was active on which day; None where the report is not about a module.
    """
    groups: dict[str, list[ModelDay]] = defaultdict(list)
    for total in totals:
        groups[division_of(total.day, by)].append(total)
    active: dict[str, set[int]] = defaultdict(set)
    for entry in students or ():
        active[division_of(entry.day, by)].add(entry.studentId)
    return Report(
        by,
        [
            _row(
                name,
                part,
                groups[name],
                usd=cost(groups[name], prices).usd,
                students=None if students is None else active[name],
            )
            for name, part in divisions(days, by).items()
        ],
    )


def student_report(days: Days, by: Division, totals: Iterable[StudentDay]) -> Report:
    """A student's totals by day, week or month. Cost is not in these totals."""
    groups: dict[str, list[StudentDay]] = defaultdict(list)
    for total in totals:
        groups[division_of(total.day, by)].append(total)
    return Report(
        by,
        [_row(name, part, groups[name]) for name, part in divisions(days, by).items()],
    )


def _row(
    name: str,
    part: Days,
    totals: Sequence[ModelDay | StudentDay],
    usd: float | None = None,
    students: set[int] | None = None,
) -> ReportRow:
    messages = sum(total.messages for total in totals)
    time = sum(total.responseTime for total in totals)
    return ReportRow(
        period=name,
        start=part.first.isoformat(),
        end=part.last.isoformat(),
        messages=messages,
        tokens=sum(total.tokens for total in totals),
        usd=usd,
        averageResponseTime=time / messages if messages else None,
        uniqueStudents=None if students is None else len(students),
    )


def bounds_of(asked: Range) -> tuple[str, str]:
    """A range as an answer shows it."""
    if isinstance(asked, Days):
        return asked.first.isoformat(), asked.last.isoformat()
    return iso(us_of_ms(asked.start)), iso(us_of_ms(asked.end))
