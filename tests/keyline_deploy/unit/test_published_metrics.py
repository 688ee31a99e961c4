"""Test that what our own run time writes is what the list of published dimension sets says."""

from __future__ import annotations

import json

import pytest

from keyline.metrics import Metrics, MetricUnit
from keyline.model import NAMESPACE, Metric, System
from keyline.run.meter import Call, Labels, emf
from keyline_deploy.metric_catalogue import MetricCatalogue
from keyline_deploy.systems import systems
from tests.support.emf import published
from tests.support.sample.shop import LARGE

PUBLISHED = MetricCatalogue(systems())


@pytest.mark.requirement("T-67", "X-06", "M-47")
def test_the_meter_publishes_what_alarms_ask_for() -> None:
    labels = Labels(environment="dev", system="orders")
    call = Call(pattern="p", operation="Query", table="T", unreadable=1)
    found = published(emf(labels, [call], now=0))
    assert {metric for _, metric, _ in found} == {
        "Latency",
        "Errors",
        "UnreadableItems",
    }
    for namespace, metric, dimensions in found:
        assert namespace == NAMESPACE
        assert PUBLISHED.fault(namespace, metric, dimensions) is None
    for metric in {metric for _, metric, _ in found}:
        sets = {frozenset(names) for _, name, names in found if name == metric}
        assert sets == PUBLISHED.metrics[NAMESPACE, metric].sets


@pytest.mark.requirement("X-06")
@pytest.mark.parametrize(
    ("system", "metric"),
    [pytest.param(s, m, id=f"{s.name}-{m.name}") for s in systems() for m in s.published],
)
def test_what_a_system_declares_is_published_under_its_dimensions(
    system: System,
    metric: Metric,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", system.name)
    values = dict.fromkeys(metric.dimensions, "any")
    Metrics("dev", system).put(metric.name, 1, MetricUnit.Count, **values)

    ((namespace, name, dimensions),) = published(capsys.readouterr().out)
    assert (name, dimensions) == (metric.name, ["Environment", "System", *metric.dimensions])
    assert MetricCatalogue([system]).fault(namespace, name, dimensions) is None


@pytest.mark.requirement("X-06")
def test_growth_is_published_under_no_dimension_of_powertools(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "orders")
    percent = MetricUnit.Percent
    Metrics("dev", LARGE).put("StorageGrowthPercent", 12.5, percent, Table="CustomerOrders")

    line = capsys.readouterr().out
    assert published(line) == [
        ("Keyline", "StorageGrowthPercent", ["Environment", "System", "Table"])
    ]
    assert json.loads(line)["StorageGrowthPercent"] == [12.5]
    assert PUBLISHED.fault(*published(line)[0]) is None
