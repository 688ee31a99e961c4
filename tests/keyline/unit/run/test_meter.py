"""EMF lines."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keyline.model.metric import CALL_FIELDS
from keyline.run.meter import Call, Labels, Meter, emf

LABELS = Labels("prod", "orders", "read")


def _call(**more: Any) -> Call:
    return Call(
        **{
            "pattern": "by-module",
            "operation": "Query",
            "table": "Notes",
            "index": "ByModule",
            "latency": 12.34567,
            "read": 1.5,
            "items": 9,
            "request_id": "r",
            **more,
        }
    )


def test_a_line_has_its_metrics_and_dimensions() -> None:
    line = json.loads(emf(LABELS, [_call(), _call(read=2.0, throttles=1)], 1_700_000_000.5))
    assert line["_aws"]["Timestamp"] == 1_700_000_000_500
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Keyline"
    assert directive["Dimensions"] == [["Environment", "System", "Operation"]]
    # Every dimension is a text and every metric an array, one value per call
    assert all(isinstance(line[name], str) for names in directive["Dimensions"] for name in names)
    assert all(len(line[metric["Name"]]) == 2 for metric in directive["Metrics"])
    assert (line["ReadUnits"], line["Throttles"]) == ([1.5, 2.0], [0, 1])
    assert (line["Function"], line["Table"], line["Index"]) == (
        "read",
        "Notes",
        "ByModule",
    )
    assert "Floor" not in line


def test_each_metric_has_its_unit() -> None:
    """CloudWatch knows these names of units alone (PutMetricData, MetricDatum)."""
    (directive,) = json.loads(emf(LABELS, [_call()], 0))["_aws"]["CloudWatchMetrics"]
    assert {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]} == {
        "Latency": "Milliseconds",
        "Errors": "Count",
    }


def test_what_is_not_a_metric_can_be_asked_of_the_log_by_pattern() -> None:
    """Logs Insights cannot add up a list."""
    line = json.loads(emf(LABELS, [_call(), _call(read=2.0, write=3.0)], 0))
    assert line["Pattern"] == "by-module"
    assert (line["Calls"], line["ReadTotal"], line["WriteTotal"]) == (2, 3.5, 3.0)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    published = {metric["Name"] for metric in directive["Metrics"]}
    assert not published & {*CALL_FIELDS, "Calls", "ReadTotal", "WriteTotal"}
    assert all(len(line[name]) == 2 for name in CALL_FIELDS)


def test_the_floor_is_absent_where_it_is_unknown() -> None:
    line = json.loads(emf(LABELS, [_call(floor=1.5), _call()], 0))
    assert line["Floor"] == [1.5, None]


def test_items_left_out_are_published_only_where_there_are_some() -> None:
    line = json.loads(emf(LABELS, [_call(), _call(unreadable=2)], 0))
    assert line["UnreadableItems"] == [0, 2]
    *_, added = line["_aws"]["CloudWatchMetrics"]
    assert added["Metrics"] == [{"Name": "UnreadableItems", "Unit": "Count"}]
    # The next line has none again
    line = json.loads(emf(LABELS, [_call()], 0))
    assert "UnreadableItems" not in json.dumps(line)


def test_one_line_per_pattern_and_hundred_calls() -> None:
    lines: list[str] = []
    meter = Meter(lines.append)
    for n in range(250):
        meter.record(LABELS, _call())
        if n % 50 == 0:
            meter.record(LABELS, _call(pattern="get", operation="GetItem", index=""))
    meter.flush()
    counts = [(json.loads(line)["Pattern"], len(json.loads(line)["Items"])) for line in lines]
    assert sorted(counts) == [("by-module", 50), ("by-module", 100), ("by-module", 100), ("get", 5)]
    # And a flush leaves nothing behind
    meter.flush()
    assert len(lines) == 4
    assert meter.calls == []


def test_a_meter_that_is_never_flushed_stays_bounded() -> None:
    meter = Meter()
    for n in range(10_005):
        meter.record(LABELS, _call(items=n))
    assert (len(meter.calls), meter.calls[0].items) == (10_000, 5)


@pytest.mark.requirement("B-28")
@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("GetItem", "ReadLatency"),
        ("Query", "ReadLatency"),
        ("PutItem", "WriteLatency"),
        ("TransactWriteItems", "WriteLatency"),
    ],
)
def test_times_by_table_are_published_of_a_system_that_declares_them(
    operation: str, name: str
) -> None:
    call = Call(pattern="p", operation=operation, table="Orders", latency=2.5)
    plain = json.loads(emf(LABELS, [call], 0))
    assert name not in plain
    line = json.loads(emf(Labels("prod", "orders", "read", latencies=True), [call], 0))
    (directive,) = [
        each for each in line["_aws"]["CloudWatchMetrics"] if each["Metrics"][0]["Name"] == name
    ]
    assert directive["Dimensions"] == [["Environment", "System", "Table"]]
    assert directive["Metrics"] == [{"Name": name, "Unit": "Milliseconds"}]
    assert (line[name], line["Table"]) == ([2.5], "Orders")
