"""Schedule expressions in EventBridge's dialect."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keyline.model.schedule_expression import parse

START = datetime(2024, 2, 27, 10, 15, 30, tzinfo=UTC)  # a Tuesday, in a leap year


def due(expression: str, count: int = 3, start: datetime = START) -> list[str]:
    schedule, moment, found = parse(expression), start, []
    for _ in range(count):
        following = schedule.next_after(moment)
        if following is None:
            break
        moment = following
        found.append(moment.strftime("%Y-%m-%d %H:%M"))
    return found


@pytest.mark.parametrize(
    ("expression", "period"),
    [
        ("rate(1 minute)", timedelta(minutes=1)),
        ("rate(5 minutes)", timedelta(minutes=5)),
        ("rate(1 hour)", timedelta(hours=1)),
        ("rate(7 days)", timedelta(days=7)),
    ],
)
def test_a_rate_is_due_one_period_later(expression: str, period: timedelta) -> None:
    assert parse(expression).next_after(START) == START + period


def test_a_period_that_ends_after_the_last_year_is_never_due() -> None:
    assert parse(f"rate({10**17} days)").next_after(START) is None


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # the examples of the EventBridge user guide
        ("cron(15 10 * * ? *)", ["2024-02-28 10:15", "2024-02-29 10:15", "2024-03-01 10:15"]),
        ("cron(0 18 ? * MON-FRI *)", ["2024-02-27 18:00", "2024-02-28 18:00", "2024-02-29 18:00"]),
        ("cron(0 8 1 * ? *)", ["2024-03-01 08:00", "2024-04-01 08:00", "2024-05-01 08:00"]),
        (
            "cron(0/10 * ? * MON-FRI *)",
            ["2024-02-27 10:20", "2024-02-27 10:30", "2024-02-27 10:40"],
        ),
        (
            "cron(0/5 8-17 ? * MON-FRI *)",
            ["2024-02-27 10:20", "2024-02-27 10:25", "2024-02-27 10:30"],
        ),
        (
            "cron(0/30 20-2 ? * MON-FRI *)",
            ["2024-02-27 20:00", "2024-02-27 20:30", "2024-02-27 21:00"],
        ),
        ("cron(0 9 ? * 2#1 *)", ["2024-03-04 09:00", "2024-04-01 09:00", "2024-05-06 09:00"]),
        # 1 is Sunday; names in any case
        ("cron(0 0 ? * 1 *)", ["2024-03-03 00:00", "2024-03-10 00:00", "2024-03-17 00:00"]),
        ("cron(0 0 ? * sun *)", ["2024-03-03 00:00", "2024-03-10 00:00", "2024-03-17 00:00"]),
        ("cron(0 12 ? * 3#5 *)", ["2024-04-30 12:00", "2024-07-30 12:00", "2024-10-29 12:00"]),
        # last
        ("cron(0 0 L * ? *)", ["2024-02-29 00:00", "2024-03-31 00:00", "2024-04-30 00:00"]),
        ("cron(0 0 ? * L *)", ["2024-03-02 00:00", "2024-03-09 00:00", "2024-03-16 00:00"]),
        ("cron(0 0 ? * 6L *)", ["2024-03-29 00:00", "2024-04-26 00:00", "2024-05-31 00:00"]),
        ("cron(0 0 ? * FRIL *)", ["2024-03-29 00:00", "2024-04-26 00:00", "2024-05-31 00:00"]),
        # the nearest weekday never leaves the month
        ("cron(0 0 1W * ? *)", ["2024-03-01 00:00", "2024-04-01 00:00", "2024-05-01 00:00"]),
        ("cron(0 0 1W JUN ? 2024)", ["2024-06-03 00:00"]),  # the 1st is a Saturday
        ("cron(0 0 31W MAR ? 2024)", ["2024-03-29 00:00"]),  # the 31st is a Sunday
        ("cron(0 0 15W JUN ? 2024)", ["2024-06-14 00:00"]),
        ("cron(0 0 16W JUN ? 2024)", ["2024-06-17 00:00"]),
        ("cron(0 0 31W * ? 2024)", ["2024-03-29 00:00", "2024-05-31 00:00", "2024-07-31 00:00"]),
        # lists, steps, months, years
        (
            "cron(0,30 6,18 1-3 FEB,MAR ? *)",
            ["2024-03-01 06:00", "2024-03-01 06:30", "2024-03-01 18:00"],
        ),
        ("cron(0 0 29 2 ? *)", ["2024-02-29 00:00", "2028-02-29 00:00", "2032-02-29 00:00"]),
        ("cron(0 0 1 1 ? 2025/50)", ["2025-01-01 00:00", "2075-01-01 00:00", "2125-01-01 00:00"]),
        ("cron(0 0 1 1 ? 2023)", []),
        ("cron(0 0 30 2 ? *)", []),
    ],
)
def test_a_cron_expression_is_due_when_eventbridge_says(
    expression: str, expected: list[str]
) -> None:
    assert due(expression) == expected


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("every day", "neither rate"),
        ("rate(0 minutes)", "positive"),
        ("rate(1 minutes)", "singular"),
        ("rate(5 minute)", "plural"),
        ("rate(5 seconds)", "minutes, hours or days"),
        ("rate(1.5 hours)", "positive number"),
        ("rate(1\u0662 minutes)", "positive number"),
        ("at(2026-01-31T03:00:00)", "neither rate"),
        ("cron(0 0 ? * \u017fun *)", "day-of-week"),
        ("cron(0 0 * * *)", "six fields"),
        ("cron(0 0 * * * *)", "must be ?"),
        ("cron(0 0 ? * ? *)", "must be ?"),
        ("cron(60 0 * * ? *)", "minutes: 60 is not in 0 to 59"),
        ("cron(0 24 * * ? *)", "hours"),
        ("cron(0 0 0 * ? *)", "day-of-month"),
        ("cron(0 0 * 13 ? *)", "month"),
        ("cron(0 0 ? * 8 *)", "day-of-week"),
        ("cron(0 0 ? * 2#6 *)", "after #"),
        ("cron(0 0 * * ? 1969)", "year"),
        ("cron(0 0 1 1 ? 2030-2025)", "year: the range 2030-2025 runs backwards"),
        ("cron(0 20-24 * * ? *)", "hours: 24 is not in 0 to 23"),
        ("cron(0/0 0 * * ? *)", "step"),
        ("cron(, 0 * * ? *)", "nothing"),
        ("cron(- 0 * * ? *)", "nothing"),
    ],
)
def test_a_wrong_expression_says_where_and_why(expression: str, says: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse(expression)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("cron(0 20-2 1 1 ? *)", {0, 1, 2, 20, 21, 22, 23}),
        ("cron(0 20-2/2 1 1 ? *)", {0, 2, 20, 22}),
        ("cron(0 21-2/2 1 1 ? *)", {1, 21, 23}),
        ("cron(0 23-0 1 1 ? *)", {0, 23}),
        ("cron(0 5-5 1 1 ? *)", {5}),
        ("cron(0 5-5/3 1 1 ? *)", {5}),
        ("cron(0 22-1,6 1 1 ? *)", {0, 1, 6, 22, 23}),
    ],
)
def test_a_range_of_hours_may_pass_midnight(field: str, expected: set[int]) -> None:
    assert {int(moment[11:13]) for moment in due(field, count=len(expected) + 1)} == expected


@pytest.mark.parametrize(
    ("expression", "form", "expected"),
    [
        ("cron(50-10/5 0 1 1 ? *)", "%M", {"50", "55", "00", "05", "10"}),
        ("cron(0 0 ? * FRI-MON *)", "%a", {"Fri", "Sat", "Sun", "Mon"}),
        ("cron(0 0 ? * 6-2/2 *)", "%a", {"Fri", "Sun"}),
        ("cron(0 0 ? * SAT-SUN *)", "%a", {"Sat", "Sun"}),
        ("cron(0 0 1 NOV-FEB ? *)", "%b", {"Nov", "Dec", "Jan", "Feb"}),
        ("cron(0 0 1 11-3/2 ? *)", "%b", {"Nov", "Jan", "Mar"}),
        ("cron(0 0 30-2 JAN ? *)", "%d", {"30", "31", "01", "02"}),
    ],
)
def test_a_range_of_another_field_may_pass_its_end(
    expression: str, form: str, expected: set[str]
) -> None:
    moments = due(expression, count=2 * len(expected))
    assert {datetime.fromisoformat(moment).strftime(form) for moment in moments} == expected


@given(first=st.integers(0, 23), last=st.integers(0, 23), step=st.integers(1, 23))
def test_a_range_is_what_a_clock_passes(first: int, last: int, step: int) -> None:
    passed = [(first + n) % 24 for n in range((last - first) % 24 + 1)]
    listed = ",".join(str(hour) for hour in passed[::step])
    assert due(f"cron(0 {first}-{last}/{step} * * ? *)", 30) == due(f"cron(0 {listed} * * ? *)", 30)


@settings(max_examples=60)
@given(
    minute=st.integers(0, 59),
    hour=st.integers(0, 23),
    weekday=st.integers(1, 7),
    start=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),
)
def test_the_next_time_is_the_first_that_fits(
    minute: int, hour: int, weekday: int, start: datetime
) -> None:
    moment = start.replace(tzinfo=UTC)
    found = parse(f"cron({minute} {hour} ? * {weekday} *)").next_after(moment)
    assert found is not None
    # The fields of one week name one moment, so the first is less than a week away.
    assert moment < found <= moment + timedelta(days=7)
    assert (found.minute, found.hour, found.second) == (minute, hour, 0)
    assert found.isoweekday() % 7 + 1 == weekday


@pytest.mark.parametrize(
    ("expression", "hours"),
    [
        ("rate(5 minutes)", 5 / 60),
        ("rate(6 days)", 144),
        ("cron(0 3 * * ? *)", 24),
        ("cron(0 3,15 * * ? *)", 12),
        ("cron(0 3 ? * MON-FRI *)", 72),
        ("cron(0 3 1 * ? *)", 31 * 24),
        ("cron(0/10 8-17 * * ? *)", 14 + 10 / 60),
        ("cron(0 3 1 1 ? 2030)", math.inf),
        ("cron(0 3 * * ? 2027)", math.inf),
        ("cron(0 3 * * ? 2027/2)", math.inf),
        ("cron(0 3 29 2 ? *)", math.inf),
    ],
)
def test_the_longest_gap_is_the_longest_time_without_a_due_time(
    expression: str, hours: float
) -> None:
    assert parse(expression).longest_gap() == pytest.approx(hours * 3600)


@pytest.mark.parametrize("expression", ["cron(7 3,9-11 ? * TUE,SAT *)", "cron(0/25 * 1,15 * ? *)"])
def test_no_gap_is_longer_than_the_longest(expression: str) -> None:
    schedule, moment, longest = parse(expression), datetime(2027, 1, 1, tzinfo=UTC), 0.0
    last = schedule.next_after(moment)
    while last is not None and last.year == 2027:
        following = schedule.next_after(last)
        assert following is not None
        longest = max(longest, (following - last).total_seconds())
        last = following
    assert longest == schedule.longest_gap()


@pytest.mark.parametrize(
    "expression",
    [
        *("cron(0 3 * * ? *)", "cron(0 3 ? * MON-FRI *)", "cron(15,45 8-9 1 * ? *)"),
        *("cron(0 12 L 2 ? *)", "cron(0 0 29 2 ? *)", "cron(0 0 1 1 ? 2030)", "rate(8 hours)"),
    ],
)
@pytest.mark.parametrize("year", [2027, 2028])
def test_the_times_in_a_year_are_those_that_come_one_after_the_other(
    expression: str, year: int
) -> None:
    found = parse(expression)
    moment, count = datetime(year, 1, 1, tzinfo=UTC) - timedelta(seconds=1), 0
    while (due := found.next_after(moment)) is not None and due.year == year:
        moment, count = due, count + 1
    assert found.times_in(year) == count


def test_the_times_of_each_minute_of_a_year_are_told() -> None:
    assert parse("cron(* * * * ? *)").times_in(2027) == 365 * 24 * 60
