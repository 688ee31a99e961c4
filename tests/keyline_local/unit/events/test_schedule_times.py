"""Expressions of EventBridge Scheduler: single moments, and cron in a time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from keyline_local.events.schedule_times import parse

START = datetime(2027, 3, 27, 12, tzinfo=UTC)


def due(expression: str, timezone: str, count: int) -> list[str]:
    moment, found = START, []
    for _ in range(count):
        following = parse(expression, timezone).next_after(moment)
        if following is None:
            break
        moment = following
        found.append(f"{moment:%m-%d %H:%M}")
    return found


def test_a_moment_is_due_once_in_its_time_zone() -> None:
    assert due("at(2027-03-27T20:00:00)", "Europe/Madrid", 3) == ["03-27 19:00"]
    assert due("at(2027-03-27T12:00:00)", "Europe/Madrid", 3) == []


def test_a_cron_keeps_to_the_local_time_when_the_clocks_change() -> None:
    daily = "cron(0 9 * * ? *)"
    assert due(daily, "Europe/Madrid", 3) == ["03-28 07:00", "03-29 07:00", "03-30 07:00"]
    assert due(daily, "America/New_York", 1) == ["03-27 13:00"]
    assert due(daily, "UTC", 1) == ["03-28 09:00"]


def test_a_time_that_the_clocks_leave_out_is_left_out() -> None:
    assert due("cron(30 2 * * ? *)", "Europe/Madrid", 2) == ["03-29 00:30", "03-30 00:30"]
    hourly = ["03-28 00:30", "03-28 01:30", "03-28 02:30"]
    assert due("cron(30 * * * ? *)", "Europe/Madrid", 15)[-3:] == hourly


def test_a_time_that_comes_twice_is_due_once() -> None:
    expression = parse("cron(30 2 * * ? *)", "Europe/Madrid")
    first = expression.next_after(datetime(2027, 10, 30, 12, tzinfo=UTC))
    assert first == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert expression.next_after(first) == datetime(2027, 11, 1, 1, 30, tzinfo=UTC)


def test_a_rate_counts_from_the_start() -> None:
    for rate in ("rate(5 minutes)", "rate(5 minute)"):
        assert parse(rate, "Asia/Tokyo").next_after(START) == START + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("expression", "timezone", "says"),
    [
        ("at(2027-03-27)", "UTC", "a moment is written as"),
        ("every(1 day)", "UTC", "neither rate"),
        ("rate(1 day)", "Mars/Olympus", "is not a time zone"),
        ("rate(1 day)", "../etc", "is not a time zone"),
    ],
)
def test_what_scheduler_refuses_is_refused(expression: str, timezone: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse(expression, timezone)
