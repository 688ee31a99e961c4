"""Test which data points an alarm judges, by how often its source emits."""

from __future__ import annotations

import math

import pytest

from keyline.moments import DAY_SECONDS
from keyline_deploy.data_points import DataPoints, emitted, hour_or_day, judged

MINUTES = 30 * 24 * 60
STEADY = DataPoints(3, 5)


@pytest.mark.parametrize("a_month", [MINUTES, 3 * MINUTES / 5, 1_000_000, math.inf])
def test_a_source_that_emits_enough_is_judged_as_wanted(a_month: float) -> None:
    assert judged(STEADY, a_month) == STEADY


@pytest.mark.parametrize("a_month", [3 * MINUTES / 5 - 1, 30, 0])
def test_single_data_points_of_a_rare_source_are_judged(a_month: float) -> None:
    assert judged(STEADY, a_month) == DataPoints(1, 1)
    assert judged(STEADY, a_month, rarely=DAY_SECONDS) == DataPoints(1, 1, DAY_SECONDS)


def test_no_more_data_points_are_emitted_than_there_are_periods() -> None:
    assert emitted(math.inf, 5, 60) == 5
    assert emitted(30, 5, 60) == 0
    assert emitted(30, 2, DAY_SECONDS) == 2


def test_an_hour_is_judged_if_each_hour_has_a_sample() -> None:
    assert hour_or_day(24 * 30) == 3600
    assert hour_or_day(24 * 30 - 1) == DAY_SECONDS


@pytest.mark.parametrize(
    ("points", "text"),
    [
        (STEADY, "in three of five minutes"),
        (DataPoints(10, 10), "for ten minutes"),
        (DataPoints(15, 15), "for 15 minutes"),
        (DataPoints(1, 1), "at least once"),
        (DataPoints(1, 3, 3600), "in an hour"),
        (DataPoints(1, 1, DAY_SECONDS), "in a day"),
    ],
)
def test_the_text_says_when_it_goes_off(points: DataPoints, text: str) -> None:
    assert str(points) == text
