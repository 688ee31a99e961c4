"""A metric is published as the system declares it, or not at all."""

from __future__ import annotations

import json

import pytest

from keyline.errors import KeylineError
from keyline.metrics import Metrics, MetricUnit
from tests.support.sample.shop import LARGE


def test_a_declared_metric_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    metrics = Metrics("dev", LARGE)
    metrics.put("Cost", 0.5, MetricUnit.NoUnit, Provider="ada")
    metrics.count("Hits")
    cost, hits = map(json.loads, capsys.readouterr().out.splitlines())
    assert (cost["Environment"], cost["System"], cost["Provider"]) == ("dev", "orders", "ada")
    assert (cost["Cost"], hits["Hits"]) == ([0.5], [1.0])


def test_the_sizes_of_tables_need_no_declaration(capsys: pytest.CaptureFixture[str]) -> None:
    Metrics("dev", LARGE).put("TableSizeBytes", 7, MetricUnit.Bytes, Table="Notes")
    assert json.loads(capsys.readouterr().out)["TableSizeBytes"] == [7]


@pytest.mark.parametrize(
    ("name", "dimensions", "message"),
    [
        ("Costs", {"Provider": "ada"}, "orders.metrics: does not hold 'Costs'. Did you mean"),
        ("Cost", {}, "orders.metrics[Cost]: is declared with the dimensions Provider, and"),
        ("Cost", {"Model": "a"}, "orders.metrics[Cost]: is declared with the dimensions Pro"),
        ("Hits", {"Provider": "ada"}, "orders.metrics[Hits]: is declared with no dimensions"),
    ],
)
def test_a_metric_that_nobody_would_find_is_refused(
    name: str, dimensions: dict[str, str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(KeylineError) as error:
        Metrics("dev", LARGE).put(name, 1, MetricUnit.Count, **dimensions)
    assert str(error.value).startswith(message)
    assert capsys.readouterr().out == ""
