"""Test what proves an alarm, and which alarms are not proven."""

from __future__ import annotations

from typing import Any

import pytest

from keyline_deploy.alarms import MetricAlarm, alarm_of
from keyline_deploy.metric_catalogue import MetricCatalogue
from keyline_ops.alarms.proof import Proof, Prover

CATALOGUE = MetricCatalogue([])


def proof(given: dict[str, Any]) -> Proof:
    alarm = alarm_of(given)
    assert isinstance(alarm, MetricAlarm)
    return Prover(CATALOGUE).of(alarm)


def throttles(*, filled: bool, needed: int, of: int) -> dict[str, Any]:
    """Return an alarm on throttled writes."""
    named = {
        "Namespace": "AWS/DynamoDB",
        "MetricName": "WriteThrottleEvents",
        "Dimensions": [{"Name": "TableName", "Value": "Orders"}],
    }
    rest = {
        "EvaluationPeriods": of,
        "DatapointsToAlarm": needed,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }
    if not filled:
        return {**named, **rest, "Period": 60, "Statistic": "Sum"}
    stat = {"Metric": named, "Period": 60, "Stat": "Sum"}
    metric = {"Id": "m1", "MetricStat": stat, "ReturnData": False}
    return {**rest, "Metrics": [metric, {"Id": "e1", "Expression": "FILL(m1, 0)"}]}


def lambda_alarm(metric: str, **changes: Any) -> dict[str, Any]:
    return {
        "Namespace": "AWS/Lambda",
        "MetricName": metric,
        "Dimensions": [{"Name": "FunctionName", "Value": "orders-read"}],
        "Period": 60,
        "Statistic": "Sum",
        "EvaluationPeriods": 5,
        "DatapointsToAlarm": 3,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    } | changes


def test_an_alarm_on_filled_data_with_spare_periods_is_proven() -> None:
    assert proof(throttles(filled=True, needed=5, of=7)) == Proof(420, 180, True)


def test_an_alarm_on_the_newest_filled_periods_alone_never_fires_when_data_is_late() -> None:
    found = proof(throttles(filled=True, needed=5, of=5))
    assert found.fires_after is None
    assert not found.holds


def test_an_alarm_on_dynamodb_without_fill_may_never_end() -> None:
    # AWS's API reference: such alarms "always ignore missing data"
    found = proof(throttles(filled=False, needed=5, of=5))
    assert found.fires_after == 420
    assert found.ends_after is None


@pytest.mark.parametrize("statistic", ["Maximum", "p99"])
def test_a_slow_call_in_fifty_is_seen_by_a_maximum_and_by_a_p99(statistic: str) -> None:
    given = lambda_alarm("Duration", Threshold=800, Statistic=statistic)
    assert proof(given).holds


def test_a_p50_does_not_see_it() -> None:
    assert proof(lambda_alarm("Duration", Threshold=800, Statistic="p50")).fires_after is None


def test_an_alarm_that_keeps_its_state_over_silence_never_ends() -> None:
    assert proof(lambda_alarm("Errors")).holds
    assert proof(lambda_alarm("Errors", TreatMissingData="ignore")).ends_after is None


def silence(*, needed: int, filled: bool) -> dict[str, Any]:
    """Return an alarm on a function that does not run."""
    stat = {
        "Metric": {
            "Namespace": "AWS/Lambda",
            "MetricName": "Invocations",
            "Dimensions": [{"Name": "FunctionName", "Value": "sizes"}],
        },
        "Period": 86400,
        "Stat": "Sum",
    }
    watched = [{"Id": "m1", "MetricStat": stat, "ReturnData": not filled}]
    if filled:
        watched.append({"Id": "e1", "Expression": "FILL(m1, 0)"})
    return {
        "EvaluationPeriods": needed,
        "Threshold": 1,
        "ComparisonOperator": "LessThanThreshold",
        "TreatMissingData": "breaching",
        "Metrics": watched,
    }


def test_an_alarm_on_silence_is_proven_and_is_never_over_with_wrong_dimensions() -> None:
    day = 86400
    assert proof(silence(needed=2, filled=True)) == Proof(2 * day, 2 * day, True)


def test_an_alarm_on_silence_of_one_day_goes_off_when_data_is_late() -> None:
    assert not proof(silence(needed=1, filled=True)).holds


def test_an_alarm_on_silence_without_fill_looks_back_to_data_from_before() -> None:
    assert proof(silence(needed=2, filled=False)).fires_after is None


def refusals(period: int, needed: int, of: int) -> dict[str, Any]:
    """Return an alarm on the share of refused requests, of at least 20 in a period."""

    def stat(id: str, metric: str) -> dict[str, Any]:
        named = [{"Name": "ApiId", "Value": "api"}]
        watched = {"Namespace": "AWS/ApiGateway", "MetricName": metric, "Dimensions": named}
        found = {"Metric": watched, "Period": period, "Stat": "Sum"}
        return {"Id": id, "MetricStat": found, "ReturnData": False}

    text = "IF(FILL(all, 0) >= 20, 100 * FILL(refused, 0) / FILL(all, 0), 0)"
    watched = [stat("refused", "4xx"), stat("all", "Count"), {"Id": "e1", "Expression": text}]
    return throttles(filled=True, needed=needed, of=of) | {"Metrics": watched, "Threshold": 50}


def test_the_traffic_of_a_share_need_not_set_it_off() -> None:
    assert proof(refusals(60, 5, 7)).holds


def test_kinds_of_alarms_are_proven_once_whatever_their_dimensions_name() -> None:
    prover = Prover(CATALOGUE)
    for name in ("one", "other"):
        named = [{"Name": "FunctionName", "Value": name}]
        alarm = alarm_of(lambda_alarm("Errors", Dimensions=named))
        assert isinstance(alarm, MetricAlarm)
        assert prover.of(alarm).holds
    assert len(prover._known) == 1


DAILY = 30.0
"""Runs a month of a function that runs once a day."""


def rare(given: dict[str, Any], a_month: float) -> Proof:
    alarm = alarm_of(given)
    assert isinstance(alarm, MetricAlarm)
    return Prover(CATALOGUE).of(alarm, a_month)


@pytest.mark.parametrize(
    ("metric", "changes"),
    [("Throttles", {}), ("Errors", {}), ("Duration", {"Threshold": 800, "Statistic": "p99"})],
)
def test_three_minutes_of_a_function_that_runs_once_a_day_never_come(
    metric: str, changes: dict[str, Any]
) -> None:
    of_three = lambda_alarm(metric, **changes)
    assert rare(of_three, 1_000_000).holds
    assert rare(of_three, DAILY).fires_after is None
    single = of_three | {"EvaluationPeriods": 1, "DatapointsToAlarm": 1}
    found = rare(single, DAILY)
    assert found.holds
    assert found.fires_after == 180  # its minute has ended, and the sample is two minutes late


def test_single_minutes_of_a_throttled_table_that_is_rarely_called_are_seen() -> None:
    assert rare(throttles(filled=True, needed=5, of=7), DAILY).fires_after is None
    assert rare(throttles(filled=True, needed=1, of=3), DAILY).holds


def test_a_share_of_requests_needs_a_period_with_enough_of_them() -> None:
    one_a_minute = 43_200.0
    assert rare(refusals(60, 5, 7), 30 * one_a_minute).holds
    assert rare(refusals(60, 5, 7), one_a_minute).fires_after is None
    assert rare(refusals(3600, 1, 2), one_a_minute).holds
