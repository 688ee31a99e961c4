"""The states of the alarms of a template, from what the platform has measured."""

from __future__ import annotations

import sys
import threading
from typing import Any

from keyline_local.services.live_alarms import LiveAlarms
from keyline_local.services.logs import Metric as Written
from keyline_local.services.metric_store import KEPT_SECONDS, MetricStore

BEGAN = 1_767_225_600.0
RUNBOOK = "Runbook: docs/runbooks/alarms.md#a-function-fails"


class Clock:
    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> float:
        return self.now


def alarm(namespace: str, metric: str, dimensions: dict[str, Any], **changes: Any) -> Any:
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    properties = {
        "Namespace": namespace,
        "MetricName": metric,
        "Dimensions": named,
        "Period": 60,
        "Statistic": "Sum",
        "EvaluationPeriods": 5,
        "DatapointsToAlarm": 3,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmDescription": f"It fails. {RUNBOOK}",
        **changes,
    }
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}


RULE = {"Fn::Join": ["", ['ALARM("', {"Fn::GetAtt": ["Errors", "Arn"]}, '")']]}
RESOURCES = {
    "Errors": alarm("AWS/Lambda", "Errors", {"FunctionName": "read"}),
    "Failed": alarm("AWS/ApiGateway", "5xx", {"ApiId": {"Ref": "Api"}}),
    "Own": alarm("Keyline", "Lost", {"Environment": "local", "System": "notes"}),
    "Throttled": alarm("AWS/DynamoDB", "WriteThrottleEvents", {"TableName": "Notes"}),
    "Trouble": {
        "Type": "AWS::CloudWatch::CompositeAlarm",
        "Properties": {"AlarmRule": RULE, "AlarmDescription": f"It fails. {RUNBOOK}"},
    },
}


TEMPLATES = {"Notes": {"Resources": RESOURCES}}


def states(store: MetricStore) -> dict[str, str]:
    return {each.name: each.state.value for each in LiveAlarms(TEMPLATES, store).states()}


def run(store: MetricStore, clock: Clock, minutes: int, **values: float) -> None:
    for _ in range(minutes):
        for name, value in values.items():
            store.add("AWS/Lambda", name, value, FunctionName="read")
        clock.now += 60


def test_an_alarm_goes_off_and_ends_and_its_composite_follows() -> None:
    clock = Clock()
    store = MetricStore(clock)
    run(store, clock, 3, Errors=0)
    assert states(store)["Errors"] == "OK"
    run(store, clock, 3, Errors=1)
    assert states(store) == {
        "Errors": "ALARM",
        "Failed": "OK",
        "Own": "OK",
        "Trouble": "ALARM",
    }
    (errors, *_) = LiveAlarms(TEMPLATES, store).states()
    assert errors.since is not None
    assert errors.since.timestamp() == BEGAN + 6 * 60
    assert errors.runbook == RUNBOOK.removeprefix("Runbook: ")
    run(store, clock, 3, Errors=0)
    found = states(store)
    assert (found["Errors"], found["Trouble"]) == ("OK", "OK")


def test_what_the_platform_does_not_measure_is_left_out() -> None:
    assert "Throttled" not in states(MetricStore(Clock()))


def test_an_api_is_known_by_the_id_that_its_template_has() -> None:
    clock = Clock()
    store = MetricStore(clock)
    for _ in range(3):
        store.add("AWS/ApiGateway", "5xx", 1, ApiId="Api")
        clock.now += 60
    assert states(store)["Failed"] == "ALARM"


def test_metrics_that_a_function_wrote_count() -> None:
    clock = Clock()
    store = MetricStore(clock)
    directive = {
        "Namespace": "Keyline",
        "Dimensions": [["Environment", "System"]],
        "Metrics": [{"Name": "Lost", "Unit": "Count"}],
    }
    document = {
        "_aws": {"CloudWatchMetrics": [directive]},
        "Environment": "local",
        "System": "notes",
        "Lost": [0, 2],
    }
    for _ in range(3):
        store.add_written(Written(clock.now, "read", None, document))
        clock.now += 60
    assert states(store)["Own"] == "ALARM"


def test_samples_are_kept_for_an_hour() -> None:
    clock = Clock()
    store = MetricStore(clock)
    store.add("AWS/Lambda", "Errors", 1, FunctionName="read")
    clock.now += KEPT_SECONDS + 1
    assert list(store.samples()) == []


def test_samples_are_read_while_another_thread_adds_some() -> None:
    store, reading = MetricStore(), threading.Event()
    for _ in range(1_000):
        store.add("AWS/Lambda", "Errors", 1.0)

    def add() -> None:
        while not reading.is_set():
            store.add("AWS/Lambda", "Errors", 1.0)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    writer = threading.Thread(target=add)
    writer.start()
    try:
        assert all(len(list(store.samples())) >= 1_000 for _ in range(20))
    finally:
        reading.set()
        writer.join()
        sys.setswitchinterval(interval)
