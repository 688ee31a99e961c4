"""Test that what it costs to watch an environment has a ceiling."""

from __future__ import annotations

import json

import pytest

from keyline.model import CALL_METRICS
from keyline.run.meter import Call, Labels, emf
from keyline_deploy.systems import systems
from keyline_ops.costs.observability import as_json, metrics_of, observability
from tests.support.emf import published
from tests.support.sample.shop import LARGE
from tests.support.templates import ENVIRONMENTS, Templates

CEILING_USD = 100
"""A month of one environment with all systems, logs left out."""


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_watching_an_environment_stays_below_the_ceiling(
    environment: str, templates: Templates
) -> None:
    found = observability(systems(), templates(environment).values())
    assert found.alarms > 100
    assert found.alarm_metrics >= found.alarms
    assert found.dashboards == len(systems()) + 1  # and the overview
    assert 0 < found.usd < CEILING_USD


def test_a_metric_costs_for_each_operation_and_for_no_pattern() -> None:
    operations = ("Query", "PutItem")
    calls = [Call(pattern=p, operation=o, table="T") for p in ("a", "b", "c") for o in operations]
    lines = [emf(Labels("prod", "orders"), [call], 0) for call in calls]
    seen = {
        (metric, *(json.loads(line)[name] for name in dimensions))
        for line in lines
        for _, metric, dimensions in published(line)
    }
    assert len(seen) == len(CALL_METRICS) * len(operations)


def test_the_metrics_of_a_system_are_counted_with_those_that_it_declares() -> None:
    operations = {pattern.operation for pattern in LARGE.called}
    described = [table for function in LARGE.functions for table in function.describes]
    sizes = sum(2 + len(table.indexes) for table in described)
    own = sum(4 ** len(metric.dimensions) for metric in LARGE.published)
    found = metrics_of(LARGE)
    assert found.number == 2 * len(operations) + sizes + own


def test_a_metric_that_is_published_once_a_day_is_billed_for_an_hour_a_day() -> None:
    sizes = sum(2 + len(table.indexes) for f in LARGE.functions for table in f.describes)
    assert sizes > 0
    found = metrics_of(LARGE)
    assert found.number - found.months == pytest.approx(sizes * (1 - 30 / 730))


def test_an_alarm_on_a_sum_costs_for_each_of_its_metrics() -> None:
    stat: dict[str, object] = {"MetricStat": {}}
    alarm = "AWS::CloudWatch::Alarm"
    resources = {
        "One": {"Type": alarm, "Properties": {"MetricName": "Errors"}},
        "Sum": {"Type": alarm, "Properties": {"Metrics": [{"Expression": ""}, stat, stat, stat]}},
        "Both": {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": {}},
        **{f"D{n}": {"Type": "AWS::CloudWatch::Dashboard", "Properties": {}} for n in range(5)},
    }
    found = as_json(observability([], [{"Resources": resources}]))
    assert (found["alarms"], found["alarm_metrics"], found["composites"]) == (2, 4, 1)
    assert found["alarms_usd"] == 0.9
    assert found["dashboards_usd"] == 15.0
