"""Compute the answers of the analytics from daily totals or messages. No I/O.

Messages are added up to totals of the same form as the stored ones, so one arithmetic serves
both. Only percentiles differ: they are exact where they are computed from messages.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import accumulate

from msgspec.structs import asdict

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
    UsageAnswer,
)
from chat.days import Division, Range, division_of, divisions
from chat.latency import BOUNDS, BUCKETS, FAST_BELOW, SLOW_ABOVE
from chat.prices import Prices, added_up, exact
from chat.tables import Fact, ModuleDay, ProviderDay, StudentDay
from chat.totals import fold
from keyline.days import Days, day_of, first_whole_day
from keyline.moments import iso, us_of_ms
from keyline.percentile import percentile, rank

COMPLETED_FROM = 3
"""The least number of messages of a student who has completed a module."""

ModelDay = ModuleDay | ProviderDay


def cost(totals: Iterable[ModelDay], prices: Prices) -> CostAnswer:
    """Return the cost by provider and model, the most used model first.

    The cost of a provider without a price is None, and so is each sum that holds it.
    """
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
        usd=added_up(usd.values()),
        pricesAsOf=prices.as_of,
        byProvider=usd,
        models=models,
    )


def latency_of_messages(facts: Iterable[Fact]) -> LatencyAnswer | None:
    """Return the response times with exact percentiles; None if there are no messages."""
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
    """Return the response times with percentiles from the histograms; None without messages.

    A percentile is known only to lie between the bounds of its bucket.
    """
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
    """Return how engaged students are, from the number of messages of each student."""
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
    """Return the number of messages of each student over all days."""
    counts: dict[int, int] = defaultdict(int)
    for day in days:
        counts[day.studentId] += day.messages
    return counts


def module_from_messages(
    module: int, period: Range, facts: Sequence[Fact], prices: Prices, *, kept: float
) -> ModuleAnswer:
    """Return a module's analytics from its messages.

    Parameters
    ----------
    kept
        The moment (epoch ms) from which on all messages are still kept.
    """
    totals = fold(facts)
    models = list(totals.modules.values())
    usage = _usage(period, "messages", models, latency_of_messages(facts), prices, kept)
    return _module(module, usage, totals.students.values())


def module_from_totals(
    module: int,
    days: Days,
    totals: Sequence[ModuleDay],
    students: Iterable[StudentDay],
    prices: Prices,
    *,
    kept: float,
) -> ModuleAnswer:
    """Return a module's analytics from its daily totals.

    Parameters
    ----------
    kept
        The moment (epoch ms) from which on all totals are still kept.
    """
    usage = _usage(days, "totals", totals, latency_of_totals(totals), prices, kept)
    return _module(module, usage, students)


def provider_from_messages(
    provider: str, period: Range, facts: Sequence[Fact], prices: Prices, *, kept: float
) -> ProviderAnswer:
    """Return a provider's analytics from its messages; `kept` as in `module_from_messages`."""
    models = list(fold(facts).providers.values())
    usage = _usage(period, "messages", models, latency_of_messages(facts), prices, kept)
    return ProviderAnswer(**asdict(usage), provider=provider)


def provider_from_totals(
    provider: str, days: Days, totals: Sequence[ProviderDay], prices: Prices, *, kept: float
) -> ProviderAnswer:
    """Return a provider's analytics from its daily totals; `kept` as in `module_from_totals`."""
    usage = _usage(days, "totals", totals, latency_of_totals(totals), prices, kept)
    return ProviderAnswer(**asdict(usage), provider=provider)


def against_budget(answer: ProviderAnswer, budget: float | None) -> TodayAnswer:
    """Return an answer about one day with the share of the day's budget that is spent."""
    most, usd = None if budget is None else exact(budget), answer.cost.usd
    return TodayAnswer(
        **asdict(answer),
        budgetUsd=most,
        spent=float(usd / most) if most and usd is not None else None,
    )


def student_from_messages(
    student: int, period: Range, facts: Sequence[Fact], prices: Prices, *, kept: float
) -> StudentAnswer:
    """Return a student's report from all messages of a period; `kept` as for a module."""
    models = list(fold(facts).providers.values())
    usage = _usage(period, "messages", models, latency_of_messages(facts), prices, kept)
    path = learning_path(facts)
    days = len({day_of(fact.timestamp) for fact in facts})
    return StudentAnswer(
        **asdict(usage),
        studentId=student,
        activeDays=days,
        messagesPerActiveDay=len(facts) / days if days else 0.0,
        completedModules=sum(step.messages >= COMPLETED_FROM for step in path),
        path=path,
    )


def _usage(
    period: Range,
    source: Source,
    totals: Sequence[ModelDay],
    latency: LatencyAnswer | None,
    prices: Prices,
    kept: float,
) -> UsageAnswer:
    """Return what the answers about a module, a provider and a student have in common."""
    start, end = bounds_of(period)
    return UsageAnswer(
        start=start,
        end=end,
        completeFrom=complete_from(period, kept),
        source=source,
        messages=sum(total.messages for total in totals),
        tokens=sum(total.tokens for total in totals),
        cost=cost(totals, prices),
        latency=latency,
    )


def _module(module: int, usage: UsageAnswer, students: Iterable[StudentDay]) -> ModuleAnswer:
    counts = messages_by_student(students)
    return ModuleAnswer(
        **asdict(usage),
        moduleId=module,
        uniqueStudents=len(counts),
        engagement=engagement(counts.values()),
    )


def learning_path(facts: Iterable[Fact]) -> list[Step]:
    """Return a student's modules in the order of the first message in each."""
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
    *,
    kept: float,
) -> Report:
    """Return the totals of a module or a provider by day, week or month.

    Parameters
    ----------
    kept
        The moment (epoch ms) from which on all totals are still kept.
    students
        The students that were active on each day; None if the report is about a provider.
    """
    groups: dict[str, list[ModelDay]] = defaultdict(list)
    for total in totals:
        groups[division_of(total.day, by)].append(total)
    active: dict[str, set[int]] = defaultdict(set)
    for entry in students or ():
        active[division_of(entry.day, by)].add(entry.studentId)
    return Report(
        by,
        complete_from(days, kept),
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


def student_report(
    days: Days, by: Division, totals: Iterable[StudentDay], *, kept: float
) -> Report:
    """Return a student's totals by day, week or month. These totals hold no cost.

    Parameters
    ----------
    kept
        The moment (epoch ms) from which on all totals are still kept.
    """
    groups: dict[str, list[StudentDay]] = defaultdict(list)
    for total in totals:
        groups[division_of(total.day, by)].append(total)
    return Report(
        by,
        complete_from(days, kept),
        [_row(name, part, groups[name]) for name, part in divisions(days, by).items()],
    )


def _row(
    name: str,
    part: Days,
    totals: Sequence[ModelDay | StudentDay],
    usd: Decimal | None = None,
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


def bounds_of(period: Range) -> tuple[str, str]:
    """Return the first and the last day, or moment, of a period as text."""
    if isinstance(period, Days):
        return period.first.isoformat(), period.last.isoformat()
    return iso(us_of_ms(period.start)), iso(us_of_ms(period.end))


def complete_from(period: Range, kept: float) -> str:
    """Return from when on a period holds everything, in the form of its first day or moment.

    Parameters
    ----------
    kept
        The moment (epoch ms) from which on everything is still kept.
    """
    if isinstance(period, Days):
        return max(period.first, first_whole_day(kept)).isoformat()
    return iso(us_of_ms(max(period.start, kept)))
