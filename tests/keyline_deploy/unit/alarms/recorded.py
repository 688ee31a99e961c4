"""Alarms and series as their files hold them."""

from __future__ import annotations

from typing import Any

START = "2026-03-02T10:00:00Z"


def at(time: str) -> str:
    return f"2026-03-02T{time}Z"


def properties(**changes: Any) -> dict[str, Any]:
    """Return the properties of an alarm on `Shop Latency`: one period of 60 s above 10."""
    return {
        "AlarmName": "slow",
        "Namespace": "Shop",
        "MetricName": "Latency",
        "Period": 60,
        "Statistic": "Maximum",
        "EvaluationPeriods": 1,
        "Threshold": 10,
        "ComparisonOperator": "GreaterThanThreshold",
    } | changes


def without(given: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in names}


def of_metrics(*metrics: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return the properties of an alarm on a list of metrics and expressions."""
    single = ("Namespace", "MetricName", "Period", "Statistic")
    return without(properties(Metrics=list(metrics), **changes), *single)


def metric(id: str, name: str = "Latency", *, stat: str = "Sum", **changes: Any) -> dict[str, Any]:
    named = {"Namespace": "Shop", "MetricName": name}
    found = {"Metric": named, "Period": 60, "Stat": stat} | changes
    return {"Id": id, "MetricStat": found, "ReturnData": False}


def sample(time: str, value: float, **changes: Any) -> dict[str, Any]:
    named = {"namespace": "Shop", "metric": "Latency", "dimensions": {}}
    return {**named, "time": at(time), "value": value, **changes}


def series(end: str, *samples: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"start": START, "end": at(end), "samples": list(samples)} | changes
