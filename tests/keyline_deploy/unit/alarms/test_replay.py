"""Replays: clock-aligned periods, statistics, evaluation ranges, the state that is carried over."""

from __future__ import annotations

from typing import Any

import pytest

from keyline_deploy.alarms import alarm_of, replay, series_of
from tests.keyline_deploy.unit.alarms.recorded import (
    at,
    metric,
    of_metrics,
    properties,
    sample,
    series,
)

SHORT = {"OK": "-", "ALARM": "!", "INSUFFICIENT_DATA": "?"}


def states(alarm: dict[str, Any], over: dict[str, Any]) -> str:
    """Return the states: `-` OK, `!` ALARM, `?` INSUFFICIENT_DATA."""
    return "".join(SHORT[each.state] for each in replay(alarm_of(alarm), series_of(over)))


def test_an_alarm_is_evaluated_at_the_end_of_every_period() -> None:
    found = replay(
        alarm_of(properties(Period=300)), series_of(series("10:15:00", sample("10:05:00", 11)))
    )
    assert [each.time.strftime("%H:%M") for each in found] == ["10:05", "10:10", "10:15"]
    assert [each.state for each in found] == ["INSUFFICIENT_DATA", "ALARM", "ALARM"]
    assert [each.value for each in found] == [None, 11, None]


def test_periods_are_aligned_to_the_clock_and_hold_their_start_but_not_their_end() -> None:
    over = series("10:04:00", sample("10:01:00", 11), sample("10:02:59.999", 12))
    alarm = properties(TreatMissingData="notBreaching")
    assert states(alarm, over) == "-!!!"  # the third and fourth evaluate the last real data point
    assert states(alarm, over | {"evaluationRange": 1}) == "-!!-"


def test_there_is_no_data_before_the_start() -> None:
    over = series("10:02:00", sample("09:59:59", 11), sample("10:01:00", 1))
    assert states(properties(), over) == "?-"
    assert states(properties(), over | {"start": at("09:59:00")}) == "!!-"


def test_a_time_between_two_periods_sees_the_period_that_has_ended() -> None:
    over = series("10:04:00", sample("10:01:30", 11), sample("10:02:10", 1))
    times = [at(time) for time in ("10:01:59", "10:02:00", "10:02:59", "10:03:00")]
    assert states(properties(), over | {"evaluateAt": times}) == "?!!-"


def test_no_sample_of_another_dimension_set_counts() -> None:
    alarm = properties(Dimensions=[{"Name": "Page", "Value": "home"}])
    for dimensions in ({}, {"Page": "cart"}, {"Page": "home", "Zone": "a"}):
        over = series("10:01:00", sample("10:00:00", 11, dimensions=dimensions))
        assert states(alarm, over) == "?"
    over = series("10:01:00", sample("10:00:00", 11, dimensions={"Page": "home"}))
    assert states(alarm, over) == "!"


@pytest.mark.parametrize(
    ("statistic", "value"),
    [("Sum", 43), ("Average", 8.6), ("Minimum", 1), ("Maximum", 20), ("SampleCount", 5)],
)
def test_a_count_weighs(statistic: str, value: float) -> None:
    over = series(
        "10:01:00",
        sample("10:00:00", 1, count=3),
        sample("10:00:59", 20),
        sample("10:00:30", 20),
    )
    (found,) = replay(alarm_of(properties(Statistic=statistic)), series_of(over))
    assert found.value == value


@pytest.mark.parametrize(
    ("percentile", "value"),
    [("p50", 1), ("p90", 1), ("p90.1", 2), ("p99", 2), ("p99.9", 3), ("p100", 3), ("p0", 1)],
)
def test_a_percentile_is_the_greatest_value_without_the_highest_share(
    percentile: str, value: float
) -> None:
    given = properties(ExtendedStatistic=percentile)
    del given["Statistic"]
    over = series(
        "10:01:00",
        sample("10:00:02", 3),
        sample("10:00:00", 1, count=90),
        sample("10:00:01", 2, count=9),
    )
    (found,) = replay(alarm_of(given), series_of(over))
    assert found.value == value


@pytest.mark.parametrize(
    ("percentile", "enough"), [("p99", 1000), ("p99.9", 10_000), ("p50", 20), ("p10", 100)]
)
def test_a_percentile_of_too_few_samples_keeps_the_state_if_it_is_to_be_ignored(
    percentile: str, enough: int
) -> None:
    given = properties(ExtendedStatistic=percentile, EvaluateLowSampleCountPercentile="ignore")
    del given["Statistic"]
    few = series("10:01:00", sample("10:00:00", 11, count=enough - 1))
    many = series("10:01:00", sample("10:00:00", 11, count=enough))
    for before, kept in (("OK", "-"), ("INSUFFICIENT_DATA", "?"), ("ALARM", "!")):
        assert states(given, few | {"initialState": before}) == kept
    assert states(given, many | {"initialState": "OK"}) == "!"
    evaluated = given | {"EvaluateLowSampleCountPercentile": "evaluate"}
    assert states(evaluated, few | {"initialState": "OK"}) == "!"


def test_a_low_count_matters_to_a_percentile_alone() -> None:
    given = properties(EvaluateLowSampleCountPercentile="ignore")
    assert states(given, series("10:01:00", sample("10:00:00", 11))) == "!"


@pytest.mark.parametrize(
    ("operator", "wanted"),
    [
        ("GreaterThanThreshold", "--!"),
        ("GreaterThanOrEqualToThreshold", "-!!"),
        ("LessThanThreshold", "!--"),
        ("LessThanOrEqualToThreshold", "!!-"),
    ],
)
def test_the_four_comparisons(operator: str, wanted: str) -> None:
    over = series("10:03:00", *(sample(f"10:0{n}:00", 9 + n) for n in range(3)))
    assert states(properties(ComparisonOperator=operator), over) == wanted


def test_m_of_n() -> None:
    values = [0, 20, 0, 20, 0, 0, 0]
    over = series("10:07:00", *(sample(f"10:0{n}:00", value) for n, value in enumerate(values)))
    given = properties(EvaluationPeriods=3, DatapointsToAlarm=2)
    assert states(given, over) == "---!---"
    assert states(given | {"DatapointsToAlarm": 3}, over) == "-------"
    assert states(given | {"DatapointsToAlarm": 1}, over) == "-!!!!!-"


def test_the_evaluation_range_is_two_more_than_the_alarm_needs_and_never_less() -> None:
    over = series("10:06:00", sample("10:00:00", 11))
    given = properties(EvaluationPeriods=2, DatapointsToAlarm=1)
    assert states(given, over) == "!!!!??"
    assert states(given, over | {"evaluationRange": 5}) == "!!!!!?"
    assert states(given, over | {"evaluationRange": 1}) == "!!????"


def test_the_published_example_of_the_format() -> None:
    alarm = properties(
        Namespace="AWS/DynamoDB",
        MetricName="WriteThrottleEvents",
        Dimensions=[{"Name": "TableName", "Value": "Orders"}],
        Period=300,
        Statistic="Sum",
        Threshold=0,
        EvaluationPeriods=3,
    )
    throttled = {
        "namespace": "AWS/DynamoDB",
        "metric": "WriteThrottleEvents",
        "dimensions": {"TableName": "Orders"},
    }
    samples = [sample(time, 3, **throttled) for time in ("10:03:05", "10:08:00", "10:12:00")]
    over = series(
        "10:25:00",
        *samples,
        evaluateAt=[at("10:15:00"), at("10:25:00")],
        evaluationRange=5,
        initialState="OK",
    )
    assert states(alarm, over) == "!!"


def test_metric_math_is_computed_over_the_evaluation_range() -> None:
    alarm = of_metrics(
        metric("m1"), {"Id": "e1", "Expression": "FILL(m1, REPEAT)"}, EvaluationPeriods=1
    )
    over = series("10:05:00", sample("10:00:00", 11), sample("10:03:00", 1))
    assert states(alarm, over) == "!!!--"
    assert states(alarm, over | {"evaluationRange": 1}) == "!??-?"


def test_an_expression_without_a_value_is_a_missing_data_point() -> None:
    rate = of_metrics(
        metric("errors"),
        metric("all", "Requests"),
        {"Id": "rate", "Expression": "100 * errors / all"},
        TreatMissingData="breaching",
    )
    requests = [sample(f"10:0{n}:00", 100, metric="Requests") for n in (0, 2)]
    errors = [sample("10:00:00", 5), sample("10:01:00", 5)]
    over = series("10:03:00", *requests, *errors, evaluationRange=1)
    assert states(rate, over) == "-!-"


def test_a_composite_follows_the_states_of_its_alarms() -> None:
    rule = {"AlarmName": "c", "AlarmRule": "ALARM(orders-throttled) AND NOT OK(deploying)"}
    arn = "arn:aws:cloudwatch:eu-west-1:111111111111:alarm:deploying"
    over = series(
        "10:06:00",
        alarmStates=[
            {"alarm": "orders-throttled", "time": at("10:02:00"), "state": "ALARM"},
            {"alarm": "orders-throttled", "time": at("10:00:00"), "state": "OK"},
            {"alarm": arn, "time": at("10:03:30"), "state": "OK"},
            {"alarm": "deploying", "time": at("10:05:00"), "state": "ALARM"},
        ],
    )
    assert states(rule, over) == "-!!-!!"
    assert states(rule, over | {"evaluateAt": [at("10:03:29"), at("10:03:30")]}) == "!-"
