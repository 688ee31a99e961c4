"""Ranges as a request names them: dates, moments, and what is refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chat.days import ALWAYS
from chat.handlers.ranges import MAX_DAYS, RangeQuery
from keyline.days import Days, Period
from keyline.http import HttpError

NOW = 1_704_110_400_000.0  # 2024-01-01T12:00:00Z
MIDNIGHT = 1_704_067_200_000.0


def query(**fields: str) -> RangeQuery:
    """Return what a query string becomes."""
    return msgspec.convert(fields, RangeQuery)


@pytest.mark.requirement("T-10", "T-56")
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ("2023-12-26", "2024-01-01")),
        ({"from": "2023-12-31"}, ("2023-12-31", "2024-01-01")),
        ({"from": "2023-12-30", "to": "2023-12-31"}, ("2023-12-30", "2023-12-31")),
        ({"from": "1704067200000"}, Period(MIDNIGHT, NOW)),
        (
            {"from": "1704067200000.125", "to": "1704067200001"},
            Period(MIDNIGHT + 0.125, MIDNIGHT + 1),
        ),
        (
            {"from": "2024-01-01T00:00:00Z", "to": "2024-01-01T02:00:00+02:00"},
            Period(MIDNIGHT, MIDNIGHT),
        ),
    ],
)
def test_ranges(fields: dict[str, str], expected: Any) -> None:
    asked = query(**fields).range(NOW)
    assert (asked.bounds if isinstance(asked, Days) else asked) == expected


@pytest.mark.requirement("T-78")
def test_the_specification_s_moment_is_a_bound_of_a_page() -> None:
    assert query(**{"from": "1704067200000"}).span() == Period(MIDNIGHT, ALWAYS.end)
    assert query(to="2023-12-31").span() == Period(0, MIDNIGHT - 0.001)
    assert query().span() is None


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"to": "2024-01-01"}, "query.from"),
        ({"from": "yesterday"}, "query.from"),
        ({"from": "2024-13-01"}, "query.from"),
        ({"from": "2024-01-01T00:00:00"}, "query.from"),
        ({"from": "9" * 400}, "query.from"),
        ({"from": "\u0661704067200000"}, "query.from"),
        ({"from": "0001-01-01"}, "query.from"),
        ({"from": "9999-12-31"}, "query.from"),
        ({"from": "2024-01-02", "to": "2024-01-01"}, "query.to"),
        ({"from": "5", "to": "4"}, "query.to"),
        ({"from": "2024-01-01", "to": "1704067200000"}, "query.to"),
        ({"from": "2014-01-01", "to": "2024-01-01"}, "query.from"),
    ],
)
def test_what_is_no_range_is_refused_with_its_place(fields: dict[str, str], path: str) -> None:
    with pytest.raises(HttpError) as refused:
        query(**fields).range(NOW)
    assert (refused.value.status, refused.value.path) == (400, path)
    assert refused.value.suggestion


def test_reports_take_whole_days_only() -> None:
    with pytest.raises(HttpError):
        query(**{"from": "1704067200000"}).days(NOW)
    longest = query(**{"from": "2021-01-01", "to": "2024-01-05"}).days(NOW)
    assert len(list(longest)) == MAX_DAYS
