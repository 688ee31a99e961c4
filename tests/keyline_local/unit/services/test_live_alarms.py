"""The states of the alarms of a template, from what the platform has measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyline_deploy.alarms import Metric, Sample, Samples, Series, alarm_of, replay
from keyline_local.host.clock import Clock
from keyline_local.services.live_alarms import LiveAlarms, Notice
from keyline_local.services.logs import Metric as Written
from keyline_local.services.metric_store import MetricStore

BEGAN = 1_767_225_600.0
RUNBOOK = "Runbook: docs/runbooks/alarms.md#a-function-fails"


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
TOPIC = "arn:aws:sns:us-east-1:000000000000:told"
TOLD = {"AlarmActions": [TOPIC], "OKActions": [TOPIC]}


def composite(name: str, **properties: Any) -> Any:
    return {
        "Type": "AWS::CloudWatch::CompositeAlarm",
        "Properties": {
            "AlarmName": name,
            "AlarmRule": RULE,
            "AlarmDescription": f"It fails. {RUNBOOK}",
            **properties,
        },
    }


RESOURCES = {
    "Errors": alarm("AWS/Lambda", "Errors", {"FunctionName": "read"}),
    "Failed": alarm("AWS/ApiGateway", "5xx", {"ApiId": {"Ref": "Api"}}),
    "Own": alarm("Keyline", "Lost", {"Environment": "local", "System": "notes"}, **TOLD),
    "Trouble": composite("trouble", **TOLD),
}
TEMPLATES = {"Notes": {"Resources": RESOURCES}}


class Watch:
    """Alarms of templates, evaluated each minute as the platform does."""

    def __init__(self, templates: Mapping[str, Any] = TEMPLATES) -> None:
        self.clock = Clock(lambda: BEGAN)
        self.store = MetricStore(self.clock)
        self.alarms = LiveAlarms(templates, self.store)
        self.notices: list[Notice] = []

    def pass_minutes(self, minutes: int, publish: Callable[[], None] = lambda: None) -> None:
        for _ in range(minutes):
            publish()
            self.clock.move_to(self.clock.now() + 60)
            self.notices += self.alarms.evaluate(int(self.clock.now() // 60))[1]

    def errors(self, minutes: int, value: float) -> None:
        def publish() -> None:
            self.store.add("AWS/Lambda", "Errors", value, FunctionName="read")

        self.pass_minutes(minutes, publish)

    @property
    def states(self) -> dict[str, str]:
        return {each.name: each.state.value for each in self.alarms.states()}

    @property
    def told(self) -> list[tuple[str, str, int]]:
        return [
            (n.name, n.state.value, int(n.time.timestamp() - BEGAN) // 60) for n in self.notices
        ]


def test_an_alarm_goes_off_and_ends_and_its_composite_follows() -> None:
    watch = Watch()
    watch.errors(3, 0)
    assert watch.states["Errors"] == "OK"
    watch.errors(3, 1)
    assert watch.states == {"Errors": "ALARM", "Failed": "OK", "Own": "OK", "Trouble": "ALARM"}
    (errors, *_) = watch.alarms.states()
    assert errors.since is not None
    assert errors.since.timestamp() == BEGAN + 6 * 60
    assert errors.runbook == RUNBOOK.removeprefix("Runbook: ")
    assert (errors.when, errors.meaning) == ("> 0 in 3 of 5 periods of 60 s", "It fails.")
    assert errors.reason == "the newest value is 1"
    assert watch.alarms.states()[-1].reason == "in ALARM: Errors"
    watch.errors(3, 0)
    assert (watch.states["Errors"], watch.states["Trouble"]) == ("OK", "OK")


def test_who_has_a_topic_tells_it_when_it_goes_off_and_when_it_is_over() -> None:
    watch = Watch()
    watch.errors(3, 0)
    assert watch.notices == []  # an alarm that is fine from the start tells nothing
    watch.errors(3, 1)
    watch.errors(3, 0)
    assert watch.told == [("Trouble", "ALARM", 6), ("Trouble", "OK", 9)]
    assert watch.notices[0].topics == [TOPIC]
    assert watch.notices[0].meaning == "It fails."
    told = {each.name: each.told for each in watch.alarms.states()}
    assert told["Trouble"] == watch.notices[1].time
    assert told["Errors"] is None


def test_an_alarm_that_knows_nothing_any_more_does_not_tell_that_it_is_over() -> None:
    """CloudWatch takes the actions of OK in OK, and not where data is missing."""
    lost = alarm(
        "AWS/Lambda", "Errors", {"FunctionName": "read"}, TreatMissingData="missing", **TOLD
    )
    watch = Watch({"Notes": {"Resources": {"Lost": lost}}})
    watch.errors(5, 1)
    watch.pass_minutes(10)
    assert watch.states == {"Lost": "INSUFFICIENT_DATA"}
    assert [(name, state) for name, state, _ in watch.told] == [("Lost", "ALARM")]
    watch.errors(5, 0)
    assert [(name, state) for name, state, _ in watch.told] == [("Lost", "ALARM"), ("Lost", "OK")]


@pytest.mark.parametrize(
    ("cause_ends", "told"),
    [
        (None, []),
        (4, [("Later", "ALARM", 14)]),  # it is over at 12, and two minutes more pass
    ],
)
def test_an_alarm_waits_for_the_one_that_explains_it(
    cause_ends: int | None, told: list[tuple[str, str, int]]
) -> None:
    suppressed = {
        "ActionsSuppressor": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:cause",
        "ActionsSuppressorWaitPeriod": 120,
        "ActionsSuppressorExtensionPeriod": 120,
    }
    cause = alarm("Keyline", "Lost", {}, AlarmName="cause", EvaluationPeriods=8)
    resources = {**RESOURCES, "Later": composite("later", **TOLD, **suppressed), "Cause": cause}
    del resources["Trouble"]
    watch = Watch({"Notes": {"Resources": resources}})

    def publish() -> None:
        watch.store.add("AWS/Lambda", "Errors", 1, FunctionName="read")
        minute = int(watch.clock.now() - BEGAN) // 60
        if cause_ends is None or minute < cause_ends:
            watch.store.add("Keyline", "Lost", 1)

    watch.pass_minutes(16, publish)
    assert watch.told == told


def test_without_its_cause_an_alarm_tells_after_the_wait() -> None:
    suppressed = {
        "ActionsSuppressor": "cause",
        "ActionsSuppressorWaitPeriod": 120,
        "ActionsSuppressorExtensionPeriod": 120,
    }
    cause = alarm("Keyline", "Lost", {}, AlarmName="cause")
    resources = {**RESOURCES, "Trouble": composite("t", **TOLD, **suppressed), "Cause": cause}
    watch = Watch({"Notes": {"Resources": resources}})
    watch.errors(6, 1)
    assert watch.told == [("Trouble", "ALARM", 5)]


def test_an_alarm_that_is_silent_long_enough_wakes_up_at_a_value() -> None:
    watch = Watch()
    watch.errors(3, 1)
    watch.pass_minutes(60)
    assert watch.states["Errors"] == "OK"
    watch.errors(3, 1)
    assert watch.states["Errors"] == "ALARM"


def test_silence_is_a_failure_only_once_it_was_listened_to() -> None:
    daily = alarm(
        "AWS/Lambda",
        "Invocations",
        {"FunctionName": "daily"},
        Period=86_400,
        EvaluationPeriods=2,
        DatapointsToAlarm=2,
        Threshold=1,
        ComparisonOperator="LessThanThreshold",
        TreatMissingData="breaching",
    )
    watch = Watch({"Notes": {"Resources": {"Silent": daily}}})
    day = 24 * 60
    watch.pass_minutes(day)
    assert watch.states["Silent"] == "INSUFFICIENT_DATA"
    watch.pass_minutes(day)
    assert watch.states["Silent"] == "ALARM"
    watch.store.add("AWS/Lambda", "Invocations", 1, FunctionName="daily")
    watch.pass_minutes(day)
    assert watch.states["Silent"] == "OK"


def test_an_api_is_known_by_the_id_that_its_template_has() -> None:
    watch = Watch()
    watch.pass_minutes(3, lambda: watch.store.add("AWS/ApiGateway", "5xx", 1, ApiId="Api"))
    assert watch.states["Failed"] == "ALARM"


def test_metrics_that_a_function_wrote_count() -> None:
    watch = Watch()
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
    written = Written(BEGAN, "read", None, document)
    watch.pass_minutes(3, lambda: watch.store.add_written(written))
    assert watch.states["Own"] == "ALARM"


@given(
    values=st.lists(st.lists(st.sampled_from([0.0, 1.0, 2.5]), max_size=3), max_size=12),
    needed=st.integers(1, 3),
)
def test_minute_by_minute_it_is_as_a_replay(values: list[list[float]], needed: int) -> None:
    resource = alarm("Keyline", "Lost", {}, DatapointsToAlarm=needed, Statistic="Average")
    watch = Watch({"Notes": {"Resources": {"Lost": resource}}})
    samples, seen = [], []
    for of_minute in values:
        for value in of_minute:
            samples.append(Sample(Metric("Keyline", "Lost"), watch.clock.at(), value))
            watch.store.add("Keyline", "Lost", value)
        watch.pass_minutes(1)
        seen.append(watch.states["Lost"])
    start = datetime.fromtimestamp(BEGAN, UTC)
    series = Series(start, watch.clock.at(), Samples(samples))
    replayed = replay(alarm_of(resource["Properties"]), series)
    assert seen == [each.state.value for each in replayed]
