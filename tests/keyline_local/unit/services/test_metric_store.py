"""Metrics that are kept, and for how long."""

from __future__ import annotations

import pytest

from keyline_deploy.alarms import Metric, MetricQuery
from keyline_deploy.alarms.statistic import statistic_of
from keyline_local.host.clock import Clock
from keyline_local.services.metric_store import KEPT_MINUTES, MetricStore

BEGAN = 1_767_225_600.0
MINUTE = int(BEGAN // 60)
ERRORS = Metric("AWS/Lambda", "Errors", frozenset({("FunctionName", "read")}))


def query(statistic: str) -> MetricQuery:
    return MetricQuery("m", ERRORS, statistic_of(statistic))


def store_of(*values: float) -> tuple[MetricStore, Clock]:
    clock = Clock(lambda: BEGAN)
    store = MetricStore(clock)
    for value in values:
        store.add("AWS/Lambda", "Errors", value, FunctionName="read")
    return store, clock


@pytest.mark.parametrize(
    ("statistic", "value"),
    [("Sum", 9), ("Average", 2.25), ("Maximum", 4), ("SampleCount", 4), ("p50", 2)],
)
def test_a_minute_has_every_statistic(statistic: str, value: float) -> None:
    store, _ = store_of(1, 2, 2, 4)
    point = store.point(query(statistic), 60, MINUTE)
    assert point is not None
    assert (point.value, point.samples) == (value, 4)
    assert store.point(query(statistic), 60, MINUTE + 1) is None


def test_a_value_that_comes_after_a_look_counts() -> None:
    store, _ = store_of(1)
    assert store.point(query("Sum"), 60, MINUTE) is not None
    store.add("AWS/Lambda", "Errors", 5, FunctionName="read")
    point = store.point(query("Sum"), 60, MINUTE)
    assert point is not None
    assert point.value == 6


def test_a_longer_period_holds_its_minutes() -> None:
    store, clock = store_of(1)
    clock.move_to(BEGAN + 299)
    store.add("AWS/Lambda", "Errors", 2, FunctionName="read")
    clock.move_to(BEGAN + 300)
    store.add("AWS/Lambda", "Errors", 4, FunctionName="read")
    points = [store.point(query("Sum"), 300, int(BEGAN // 300) + number) for number in range(2)]
    assert [point and point.value for point in points] == [3, 4]


def test_values_are_kept_for_hours_and_longer_where_something_looks_back() -> None:
    store, clock = store_of(1)
    clock.move_to(BEGAN + KEPT_MINUTES * 60)
    store.forget_old()
    assert store.newest(ERRORS) == MINUTE
    store.keep(ERRORS, KEPT_MINUTES + 1)
    clock.move_to(BEGAN + (KEPT_MINUTES + 1) * 60)
    store.forget_old()
    assert store.newest(ERRORS) == MINUTE
    clock.move_to(BEGAN + (KEPT_MINUTES + 2) * 60)
    store.forget_old()
    assert store.newest(ERRORS) is None
    assert store.point(query("Sum"), 60, MINUTE) is None
