"""Alarms read from CloudFormation: AWS's defaults, and what is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest

from keyline.errors import KeylineError
from keyline_deploy.alarms import (
    CompositeAlarm,
    Metric,
    MetricAlarm,
    Treatment,
    alarm_of,
    replay,
    series_of,
    with_metric_data,
)
from tests.keyline_deploy.unit.alarms.recorded import (
    metric,
    of_metrics,
    properties,
    series,
    without,
)

DYNAMODB = {"Namespace": "AWS/DynamoDB", "MetricName": "WriteThrottleEvents"}


def read(given: object) -> MetricAlarm:
    found = alarm_of(given)
    assert isinstance(found, MetricAlarm)
    return found


def test_what_is_left_out_has_the_default_of_aws() -> None:
    found = read(without(properties(EvaluationPeriods=3), "AlarmName"))
    assert found.name == ""
    assert found.datapoints_to_alarm == 3
    assert found.treatment is Treatment.MISSING
    assert not found.waits_for_samples
    assert found.queries[0].metric == Metric("Shop", "Latency")


def test_an_alarm_on_dynamodb_ignores_missing_data_unless_it_says_otherwise() -> None:
    assert read(properties(**DYNAMODB)).treatment is Treatment.IGNORE
    for treatment in Treatment:
        given = properties(**DYNAMODB, TreatMissingData=treatment.value)
        assert read(given).treatment is treatment
    stat = metric("m1")["MetricStat"] | {"Metric": DYNAMODB}
    given = of_metrics({"Id": "m1", "MetricStat": stat})
    assert read(given).treatment is Treatment.IGNORE


def test_numbers_may_be_texts_as_in_cloudformation() -> None:
    found = read(properties(Threshold="0.5", Period="300", EvaluationPeriods="2"))
    assert (found.threshold, found.period, found.evaluation_periods) == (0.5, 300, 2)


def test_what_does_not_matter_is_not_read() -> None:
    found = alarm_of(properties(AlarmActions=[{"Ref": "Topic"}], Tags=[], ActionsEnabled=False))
    assert found.name == "slow"


def test_a_composite_is_told_by_its_rule() -> None:
    found = alarm_of({"AlarmName": "c", "AlarmRule": "TRUE"})
    assert isinstance(found, CompositeAlarm)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "is not an object"),
        (without(properties(), "Threshold"), "`Threshold`"),
        (without(properties(), "EvaluationPeriods"), "`EvaluationPeriods`"),
        (without(properties(), "Period"), "`Period`"),
        (properties(Period=30), "multiple of 60"),
        (properties(EvaluationPeriods=0), "`\\$.EvaluationPeriods`"),
        (properties(EvaluationPeriods=2, DatapointsToAlarm=3), "3 is more than"),
        (properties(TreatMissingData="good"), "'good'"),
        (properties(ComparisonOperator="GreaterThanTreshold"), "GreaterThanThreshold"),
        (properties(ComparisonOperator="GreaterThanUpperThreshold"), "is not evaluated"),
        (properties(Statistic="tm99"), "'tm99' is not evaluated"),
        (properties(Statistic="p101"), "'p101' is not evaluated"),
        (properties(ExtendedStatistic="p99"), "either Statistic or ExtendedStatistic"),
        (without(properties(), "Statistic"), "either Statistic or ExtendedStatistic"),
        (of_metrics(), "`\\$.Metrics`"),
        (of_metrics(metric("m1")), "0 of them return data"),
        (
            of_metrics({"Id": "a", "Expression": "m1"}, {"Id": "b", "Expression": "m1"}),
            "2 of them return data: a, b",
        ),
        (of_metrics(metric("m1"), metric("m1")), "given twice"),
        (of_metrics({"Id": "a"}), "exactly one of MetricStat and Expression"),
        (of_metrics({"Id": "a", "Expression": "1"}), "the same period"),
        (
            of_metrics(
                metric("m1"), metric("m2", Period=300), {"Id": "a", "Expression": "m1 + m2"}
            ),
            "the same period",
        ),
        (of_metrics(metric("m1"), {"Id": "a", "Expression": "m1 +"}), "ends too early"),
        (
            {"Type": "AWS::CloudWatch::Alarm", "Properties": properties()},
            "`EvaluationPeriods`. Give only its Properties.",
        ),
        ({"AlarmRule": "MAYBE"}, "cannot be read"),
    ],
)
def test_what_cannot_be_an_alarm_is_refused(given: Any, said: str) -> None:
    with pytest.raises(KeylineError, match=said):
        alarm_of(given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "cannot be read"),
        ({"start": "2026-03-02T10:00:00Z"}, "`end`"),
        (series("10:01:00", evaluationRange=0), "evaluationRange"),
        (series("10:01:00", initialState="FINE"), "'FINE'"),
        ({"start": "2026-03-02T10:00:00", "end": "2026-03-02T10:00:00Z"}, "timezone"),
    ],
)
def test_what_cannot_be_a_series_is_refused(given: Any, said: str) -> None:
    with pytest.raises(KeylineError, match=re.escape(said)):
        series_of(given)


def output(**results: dict[str, float]) -> dict[str, Any]:
    """Return what get-metric-data says, its newest data point first as AWS has it."""
    return {
        "MetricDataResults": [
            {
                "Id": id,
                "Label": id,
                "Timestamps": [f"2026-03-02T{time}:00+00:00" for time in reversed(points)],
                "Values": list(reversed(points.values())),
                "StatusCode": "Complete",
            }
            for id, points in results.items()
        ]
    }


def told(given: dict[str, Any], output: dict[str, Any]) -> list[tuple[str, str]]:
    alarm, over = with_metric_data(read(given), output)
    return [(f"{each.time:%H:%M}", each.state.value) for each in replay(alarm, over)]


def test_the_output_of_get_metric_data_is_replayed() -> None:
    found = output(anything={"10:00": 1, "10:01": 11, "10:03": 1})
    assert told(properties(), found) == [
        ("10:01", "OK"),
        ("10:02", "ALARM"),
        ("10:03", "ALARM"),
        ("10:04", "OK"),
    ]


def test_its_metrics_are_computed_again_and_its_result_is_not() -> None:
    given = of_metrics(metric("m1"), metric("m2"), {"Id": "e1", "Expression": "m1 + m2"})
    assert told(given, output(m1={"10:00": 6}, m2={"10:00": 6})) == [("10:01", "ALARM")]
    assert told(given, output(e1={"10:00": 6})) == [("10:01", "OK")]
    with pytest.raises(KeylineError, match="no result with the id m2"):
        told(given, output(m1={"10:00": 6}))
    with pytest.raises(KeylineError, match="no data point"):
        told(given, output(e1={}))
    with pytest.raises(KeylineError, match="cannot be read"):
        told(given, {})
    broken = output(e1={"10:00": 6})
    broken["MetricDataResults"][0]["Values"] = []
    with pytest.raises(KeylineError, match="0 values for 1 timestamps"):
        told(given, broken)


def test_the_pages_of_a_result_are_one_result() -> None:
    late, early = output(m1={"10:02": 11, "10:03": 1}), output(m1={"10:00": 11, "10:01": 1})
    pages = {"MetricDataResults": late["MetricDataResults"] + early["MetricDataResults"]}
    wanted = [("10:01", "ALARM"), ("10:02", "OK"), ("10:03", "ALARM"), ("10:04", "OK")]
    assert told(properties(), pages) == wanted
    other = output(m1={"10:01": 2})["MetricDataResults"]
    with pytest.raises(KeylineError, match="two values for one period"):
        told(properties(), {"MetricDataResults": pages["MetricDataResults"] + other})
