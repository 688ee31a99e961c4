"""A second reading of CloudWatch's rules, slow and plain, to compare the evaluator with.

It shares no code with the evaluator. Data points are a text, `0`, `X` and `-` as AWS draws them;
time series are dicts from time to value; samples are repeated as often as they count.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

Times = dict[int, float]


def state(points: str, needed: int, of: int, treatment: str, before: str) -> str:
    """Return the state after data points, the newest last."""
    real = points.replace("-", "")
    chosen = real[max(len(real) - of, 0) :]
    while len(chosen) < of:
        chosen += {"breaching": "X", "notBreaching": "0", "missing": "?", "ignore": "?"}[treatment]
    if chosen.count("X") >= needed:
        return "ALARM"
    if "0" in chosen or "?" not in chosen:
        return "OK"
    if treatment == "ignore":
        return before
    if "X" not in chosen:
        return "INSUFFICIENT_DATA"
    oldest = len(points) - points.index("X")
    return "ALARM" if oldest >= needed else "OK"


def statistic(name: str, samples: list[tuple[float, int]]) -> float:
    """Return a statistic of samples with their counts."""
    values = sorted(value for value, count in samples for _ in range(count))
    if name.startswith("p"):
        dropped = math.floor(len(values) * (1 - Fraction(name[1:]) / 100))
        return values[max(len(values) - dropped, 1) - 1]
    return {
        "Sum": sum(values),
        "Average": sum(values) / len(values),
        "Minimum": values[0],
        "Maximum": values[-1],
        "SampleCount": len(values),
    }[name]


def operator(symbol: str, one: float, other: float) -> float:
    """Return the result of an operator on two values."""
    operators: dict[str, Callable[[], float]] = {
        "+": lambda: one + other,
        "-": lambda: one - other,
        "*": lambda: one * other,
        "/": lambda: one / other,
        ">": lambda: one > other,
        ">=": lambda: one >= other,
        "<": lambda: one < other,
        "<=": lambda: one <= other,
        "==": lambda: one == other,
        "!=": lambda: one != other,
        "AND": lambda: bool(one) and bool(other),
        "OR": lambda: bool(one) or bool(other),
    }
    return float(operators[symbol]())


def arithmetic(symbol: str, one: Times | float, other: Times | float) -> Times | float:
    """Return the result of an operator on scalars and time series; ZeroDivisionError of scalars."""
    if isinstance(one, float) and isinstance(other, float):
        return operator(symbol, one, other)
    times = {time for each in (one, other) if isinstance(each, dict) for time in each}
    found: Times = {}
    for time in times:
        left = one.get(time, 0.0) if isinstance(one, dict) else one
        right = other.get(time, 0.0) if isinstance(other, dict) else other
        if symbol != "/" or right != 0:
            found[time] = operator(symbol, left, right)
    return found


def fill(series: Times, filler: float | None, times: list[int]) -> Times:
    """Return a series with a number, or the value before (None), where it has no value."""
    found: Times = {}
    for time in times:
        if time in series:
            found[time] = series[time]
        elif filler is not None:
            found[time] = filler
        elif time - 1 in found:
            found[time] = found[time - 1]
    return found


def choose(condition: Times, then: Times, otherwise: Times) -> Times:
    """Return IF of three time series."""
    found: Times = {}
    for time, value in condition.items():
        if value:
            found[time] = then.get(time, 0.0)
        elif time in otherwise:
            found[time] = otherwise[time]
    return found


def aggregate(name: str, all_series: list[Times]) -> Times:
    """Return SUM, AVG, MIN or MAX of several time series."""
    found: Times = {}
    for time in {time for series in all_series for time in series}:
        values = [series[time] for series in all_series if time in series]
        found[time] = {
            "SUM": sum(values),
            "AVG": sum(values) / len(all_series),
            "MIN": min(values),
            "MAX": max(values),
        }[name]
    return found
