"""The arithmetic of the analytics, against recounts that do it the long way."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat import analytics
from chat.days import Division, division_of
from chat.latency import BOUNDS, bucket_of
from chat.prices import Prices
from chat.settings import PRICE_DECIMALS, Settings
from chat.tables import Message
from chat.totals import fold
from keyline.days import Days, Period, day_of
from keyline.http.json_text import encode
from keyline.percentile import percentile
from tests.systems.chat.unit.examples import DAY_MS, START, fact, messages

PRICES = Prices({"openai": Decimal("0.01"), "anthropic": Decimal("0.015")}, "2025-01-31")
ALL_KEPT = 0.0
TEN_DAYS = Days(date(2026, 1, 1), date(2026, 1, 11))


@pytest.mark.requirement("T-14")
@pytest.mark.parametrize(
    ("count", "bucket"),
    [(1, "once"), (2, "few"), (5, "few"), (6, "regular"), (15, "regular"), (16, "heavy")],
)
def test_engagement_buckets_at_their_edges(count: int, bucket: str) -> None:
    answer = analytics.engagement([count])
    assert {n: getattr(answer, n) for n in ("once", "few", "regular", "heavy")} == {
        **dict.fromkeys(("once", "few", "regular", "heavy"), 0),
        bucket: 1,
    }
    assert answer.completed == (count >= 3)


@given(st.lists(st.integers(1, 40)))
def test_every_student_is_in_one_engagement_bucket(counts: list[int]) -> None:
    answer = analytics.engagement(counts)
    assert answer.once + answer.few + answer.regular + answer.heavy == len(counts)
    assert 0 <= answer.completionRate <= 1


@given(
    st.lists(st.integers(0, 60_000), min_size=1, max_size=300), st.sampled_from([0.5, 0.95, 0.99])
)
def test_a_percentile_is_the_least_value_that_enough_do_not_exceed(
    times: list[int], part: float
) -> None:
    found = percentile(sorted(times), part)
    assert found in times
    assert sum(time <= found for time in times) >= part * len(times) - 1e-9
    assert sum(time < found for time in times) < part * len(times)


def test_percentiles_of_a_hundred() -> None:
    times = list(range(1, 101))
    assert [percentile(times, p) for p in (0.5, 0.95, 0.99)] == [50, 95, 99]


@pytest.mark.requirement("T-38")
@given(st.lists(messages, min_size=1, max_size=120))
def test_percentiles_from_totals_hold_the_exact_ones_within_28_percent(
    given_messages: list[Message],
) -> None:
    facts = [fact(responseTime=m.responseTime) for m in given_messages]
    exact = analytics.latency_of_messages(facts)
    totals = analytics.latency_of_totals(list(fold(facts).providers.values()))
    assert exact
    assert totals
    assert (exact.fast, exact.slow) == (totals.fast, totals.slow)
    assert exact.average == pytest.approx(statistics.fmean(f.responseTime for f in facts))
    assert totals.average == pytest.approx(exact.average)
    for name in ("median", "p95", "p99"):
        value, within = getattr(exact, name), getattr(totals, name)
        assert value.atLeast == value.atMost
        assert within.atLeast <= value.atLeast <= (within.atMost or 10**9)
        if within.atMost and within.atLeast > BOUNDS[0]:
            assert within.atMost / within.atLeast <= 1.28


def test_fast_is_below_two_seconds_and_slow_above_ten() -> None:
    answer = analytics.latency_of_messages(
        [fact(responseTime=t) for t in (1999, 2000, 10_000, 10_001)]
    )
    assert answer
    assert (answer.fast, answer.slow) == (1, 1)
    assert analytics.latency_of_messages([]) is None
    assert analytics.latency_of_totals([]) is None


@given(st.integers(0, 10**6))
def test_a_response_time_is_in_the_bucket_whose_bound_it_does_not_exceed(time: int) -> None:
    name = bucket_of(time)
    fitting = [bound for bound in BOUNDS if time <= bound]
    assert name == (f"ms{fitting[0]}" if fitting else "msMore")


@pytest.mark.requirement("T-11", "T-13", "T-14", "T-37", "T-40")
@given(st.lists(messages, max_size=60))
def test_a_module_s_analytics_equal_a_recount(given_messages: list[Message]) -> None:
    facts = [fact(**{n: getattr(m, n) for n in _COUNTED}) for m in given_messages]
    answer = analytics.module_from_messages(7, TEN_DAYS, facts, PRICES, kept=ALL_KEPT)

    assert answer.messages == len(facts)
    assert answer.uniqueStudents == len({f.studentId for f in facts} - {None})
    assert answer.tokens == sum(f.tokenCount for f in facts)
    assert answer.cost.usd == sum(PRICES.per_1k[f.provider] * f.tokenCount / 1000 for f in facts)
    tokens: Counter[str] = Counter()
    for f in facts:
        tokens[f.provider] += f.tokenCount
    assert answer.cost.byProvider == {
        name: PRICES.per_1k[name] * used / 1000 for name, used in tokens.items()
    }
    models = Counter((f.provider, f.modelUsed) for f in facts)
    assert {(m.provider, m.modelUsed): m.messages for m in answer.cost.models} == models
    assert sum(m.share for m in answer.cost.models) == pytest.approx(1 if facts else 0)
    each = Counter(f.studentId for f in facts if f.studentId is not None)
    assert answer.engagement == analytics.engagement(each.values())


@pytest.mark.requirement("T-11", "T-43")
@given(st.lists(messages, max_size=60), st.integers(0, 10), st.integers(0, 10))
def test_totals_of_any_days_answer_as_the_messages_of_these_days_do(
    given_messages: list[Message], start: int, length: int
) -> None:
    first = date(2026, 1, 1) + timedelta(days=start)
    days = Days(first, first + timedelta(days=length))
    within = [
        fact(**{n: getattr(m, n) for n in _COUNTED})
        for m in given_messages
        if days.period.start <= m.timestamp <= days.period.end
    ]
    totals = fold(given_messages)
    answer = analytics.module_from_totals(
        7,
        days,
        [t for t in totals.modules.values() if days.bounds[0] <= t.day <= days.bounds[1]],
        [t for t in totals.students.values() if days.bounds[0] <= t.day <= days.bounds[1]],
        PRICES,
        kept=ALL_KEPT,
    )
    assert answer.messages == len(within)
    assert answer.tokens == sum(f.tokenCount for f in within)
    assert answer.uniqueStudents == len({f.studentId for f in within} - {None})
    recount = analytics.module_from_messages(7, days, within, PRICES, kept=ALL_KEPT)
    for name in ("messages", "tokens", "uniqueStudents", "engagement", "cost"):
        assert getattr(answer, name) == getattr(recount, name)


@pytest.mark.requirement("T-12")
@given(st.lists(messages, max_size=60), st.sampled_from(["day", "week", "month"]))
def test_reports_count_each_message_in_its_period_and_students_once(
    given_messages: list[Message], by: Division
) -> None:
    totals = fold(given_messages)
    report = analytics.model_report(
        TEN_DAYS,
        by,
        totals.modules.values(),
        PRICES,
        totals.students.values(),
        kept=ALL_KEPT,
    )
    periods = Counter(division_of(day_of(m.timestamp), by) for m in given_messages)
    assert {row.period: row.messages for row in report.rows if row.messages} == periods
    for row in report.rows:
        here = [m for m in given_messages if division_of(day_of(m.timestamp), by) == row.period]
        assert row.uniqueStudents == len({m.studentId for m in here} - {None})
        assert row.tokens == sum(m.tokenCount for m in here)
    assert report.rows[0].start == "2026-01-01"
    assert report.rows[-1].end == "2026-01-11"


@pytest.mark.requirement("T-27", "T-28", "T-29")
def test_a_student_s_way_through_the_modules_is_in_order_of_the_first_message() -> None:
    facts = [
        fact(moduleId=9, timestamp=START + 5),
        fact(moduleId=4, timestamp=START + 3),
        fact(moduleId=9, timestamp=START + 1),
        fact(moduleId=4, timestamp=START + 86_400_000),
        fact(moduleId=4, timestamp=START + 4),
    ]
    answer = analytics.student_from_messages(1, TEN_DAYS, facts, PRICES, kept=ALL_KEPT)
    assert [(step.moduleId, step.messages) for step in answer.path] == [(9, 2), (4, 3)]
    assert answer.path[1].startedAt == "2026-01-01T00:00:00.003Z"
    assert (answer.activeDays, answer.messagesPerActiveDay) == (2, 2.5)
    assert answer.completedModules == 1
    assert answer.latency


def test_a_student_s_report_by_week_adds_up_modules() -> None:
    totals = fold([fact(moduleId=1), fact(moduleId=2), fact(moduleId=2)])
    report = analytics.student_report(TEN_DAYS, "week", totals.students.values(), kept=ALL_KEPT)
    assert [(r.period, r.messages) for r in report.rows] == [
        ("2026-W01", 3),
        ("2026-W02", 0),
    ]


@pytest.mark.requirement("T-39")
def test_today_s_cost_is_told_against_the_budget() -> None:
    totals = list(fold([fact(tokenCount=2_000), fact(tokenCount=3_000)]).providers.values())
    answer = analytics.provider_from_totals("openai", TEN_DAYS, totals, PRICES, kept=ALL_KEPT)
    assert answer.cost.usd == Decimal("0.05")
    told = analytics.against_budget(answer, 0.04)
    assert (told.budgetUsd, told.spent) == (Decimal("0.04"), 1.25)
    assert analytics.against_budget(answer, None).spent is None
    assert analytics.against_budget(answer, 0).spent is None


def test_the_cost_of_a_provider_without_a_price_is_not_known_and_not_zero() -> None:
    totals = list(fold([fact(provider="other"), fact()]).modules.values())
    found = analytics.cost(totals, PRICES)
    assert found.usd is None
    assert found.byProvider == {"openai": Decimal("0.001"), "other": None}
    assert {m.provider: m.usd for m in found.models} == found.byProvider
    report = analytics.model_report(TEN_DAYS, "day", totals, PRICES, kept=ALL_KEPT)
    assert [row.usd for row in report.rows[:2]] == [None, 0]
    of_other = analytics.provider_from_totals(
        "other",
        TEN_DAYS,
        list(fold([fact(provider="other")]).providers.values()),
        PRICES,
        kept=ALL_KEPT,
    )
    assert analytics.against_budget(of_other, 1).spent is None


prices = st.integers(0, 10**9).map(lambda millionths: millionths / 10**PRICE_DECIMALS)


@given(
    st.lists(messages, max_size=60),
    prices,
    prices,
    st.sampled_from(["day", "week", "month"]),
)
def test_the_costs_of_the_parts_add_up_to_the_cost_of_the_whole_as_they_are_shown(
    given_messages: list[Message], openai: float, anthropic: float, by: Division
) -> None:
    # Given any prices that the settings take, and the answers as a client reads them
    settings = Settings(prices_per_1k_tokens={"openai": openai, "anthropic": anthropic})
    paid = Prices.of(settings)
    totals = fold(given_messages)
    modules = list(totals.modules.values())

    def shown(answer: Any) -> Any:
        return json.loads(encode(answer), parse_float=Decimal, parse_int=Decimal)

    # Then models, providers, messages, modules, and the rows of a report add up to the total
    whole = shown(analytics.cost(modules, paid))
    parts: list[list[Decimal]] = [
        [model["usd"] for model in whole["models"]],
        list(whole["byProvider"].values()),
        [shown(paid.usd(m.provider, m.tokenCount)) for m in given_messages],
        [
            shown(analytics.cost([t for t in modules if t.moduleId == module], paid))["usd"]
            for module in (1, 2, 3)
        ],
        [
            row["usd"]
            for row in shown(analytics.model_report(TEN_DAYS, by, modules, paid, kept=ALL_KEPT))[
                "rows"
            ]
        ],
    ]
    assert [sum(part) for part in parts] == [whole["usd"]] * len(parts)
    # And nothing that is shown has more digits than money has
    assert whole["usd"] == round(whole["usd"], PRICE_DECIMALS + 3)


def test_a_thousand_small_costs_are_not_rounded_away() -> None:
    paid = Prices.of(Settings(prices_per_1k_tokens={"openai": 0.00015}))
    facts = [fact(modelUsed=f"model-{n}", tokenCount=3) for n in range(1_000)]
    found = analytics.cost(fold(facts).modules.values(), paid)
    assert found.usd == Decimal("0.00045")
    assert {model.usd for model in found.models} == {Decimal("0.00000045")}


@pytest.mark.parametrize(
    ("kept", "days", "moments"),
    [
        (0.0, "2026-01-01", "2026-01-01T06:00:00.000Z"),
        (START + 2 * DAY_MS, "2026-01-03", "2026-01-03T00:00:00.000Z"),
        (START + 2 * DAY_MS + 1, "2026-01-04", "2026-01-03T00:00:00.001Z"),
        (START + 40 * DAY_MS, "2026-02-10", "2026-02-10T00:00:00.000Z"),
    ],
)
def test_an_answer_says_from_when_on_it_is_whole_in_the_form_of_its_range(
    kept: float, days: str, moments: str
) -> None:
    part = Period(START + DAY_MS / 4, START + 10 * DAY_MS)
    totals = list(fold([fact()]).providers.values())
    assert [
        analytics.module_from_messages(7, part, [], PRICES, kept=kept).completeFrom,
        analytics.provider_from_messages("openai", part, [], PRICES, kept=kept).completeFrom,
        analytics.student_from_messages(1, part, [], PRICES, kept=kept).completeFrom,
    ] == [moments] * 3
    assert [
        analytics.module_from_totals(7, TEN_DAYS, [], [], PRICES, kept=kept).completeFrom,
        analytics.provider_from_totals("openai", TEN_DAYS, totals, PRICES, kept=kept).completeFrom,
        analytics.student_from_messages(1, TEN_DAYS, [], PRICES, kept=kept).completeFrom,
        analytics.model_report(TEN_DAYS, "day", totals, PRICES, kept=kept).completeFrom,
        analytics.student_report(TEN_DAYS, "week", [], kept=kept).completeFrom,
    ] == [days] * 5


_COUNTED = ("timestamp", "studentId", "provider", "modelUsed", "tokenCount", "responseTime")
