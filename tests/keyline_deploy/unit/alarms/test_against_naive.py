"""The evaluator and a second, naive implementation say the same of random alarms and series."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from keyline_deploy.alarms import State, Treatment, alarm_of, replay, series_of, state_after
from keyline_deploy.alarms.expression import parse
from keyline_deploy.alarms.metric_math import MetricMath
from keyline_deploy.alarms.statistic import statistic_of
from keyline_deploy.alarms.time_series import TimeSeries
from tests.keyline_deploy.unit.alarms import naive
from tests.keyline_deploy.unit.alarms.recorded import properties

SIZE = 5
STATISTICS = ("Sum", "Average", "Minimum", "Maximum", "SampleCount", "p50", "p90", "p99", "p99.9")
OPERATORS = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": ">=",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "<=",
}
numbers = st.integers(-3, 3).map(float)
samples = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 40)), min_size=1, max_size=6)


@st.composite
def sizes(draw: st.DrawFn) -> tuple[int, int, int]:
    """Draw M, N and an evaluation range."""
    of = draw(st.integers(1, 5))
    return draw(st.integers(1, of)), of, of + draw(st.integers(0, 3))


@given(sizes(), st.data(), st.sampled_from(Treatment), st.sampled_from(State))
def test_states(
    size: tuple[int, int, int], data: st.DataObject, treatment: Treatment, before: State
) -> None:
    needed, of, length = size
    points = data.draw(st.text("0X-", min_size=length, max_size=length))
    found = state_after(
        [{"0": False, "X": True, "-": None}[point] for point in points],
        evaluation_periods=of,
        datapoints_to_alarm=needed,
        treatment=treatment,
        before=before,
    )
    assert found == naive.state(points, needed, of, treatment.value, before.value)


@given(st.sampled_from(STATISTICS), samples)
def test_statistics(name: str, given: list[tuple[int, int]]) -> None:
    drawn = [(float(value), count) for value, count in given]
    assert statistic_of(name).of(drawn) == pytest.approx(naive.statistic(name, drawn))


# ---------------------------------------------------------------------------- whole alarms


def minute(number: int) -> str:
    time = datetime(2026, 3, 2, 10, tzinfo=UTC) + timedelta(minutes=number)
    return time.isoformat().replace("+00:00", "Z")


@st.composite
def recorded(draw: st.DrawFn) -> dict[int, list[tuple[int, int]]]:
    """Draw the samples of some of twelve minutes."""
    return draw(st.dictionaries(st.integers(0, 11), samples, max_size=9))


def document(found: dict[int, list[tuple[int, int]]], length: int, before: State) -> dict[str, Any]:
    named = {"namespace": "Shop", "metric": "Latency", "dimensions": {}}
    return {
        "start": minute(0),
        "end": minute(12),
        "initialState": before.value,
        "evaluationRange": length,
        "samples": [
            {**named, "time": minute(at), "value": value, "count": count}
            for at, drawn in found.items()
            for value, count in drawn
        ],
    }


@given(
    recorded(),
    sizes(),
    st.sampled_from(STATISTICS),
    st.sampled_from(sorted(OPERATORS)),
    st.integers(0, 9),
    st.sampled_from([None, *Treatment]),
    st.sampled_from(["Shop", "AWS/DynamoDB"]),
    st.sampled_from(State),
    st.sampled_from([1, 2, 3]),
)
def test_alarms(
    found: dict[int, list[tuple[int, int]]],
    size: tuple[int, int, int],
    name: str,
    comparison: str,
    threshold: int,
    treatment: Treatment | None,
    namespace: str,
    before: State,
    minutes: int,
) -> None:
    needed, of, length = size
    given = properties(
        Namespace=namespace,
        Period=60 * minutes,
        Threshold=threshold,
        ComparisonOperator=comparison,
        EvaluationPeriods=of,
        DatapointsToAlarm=needed,
    )
    del given["Statistic"]
    given["ExtendedStatistic" if name.startswith("p") else "Statistic"] = name
    if treatment:
        given["TreatMissingData"] = treatment.value
    over = document(found, length, before)
    for each in over["samples"]:
        each["namespace"] = namespace

    default = "ignore" if namespace == "AWS/DynamoDB" else "missing"
    state = before.value
    wanted = []
    for end in range(minutes, 13, minutes):
        points = ""
        for start in range(end - length * minutes, end, minutes):
            drawn = [one for at in range(start, start + minutes) for one in found.get(at, [])]
            value = naive.statistic(name, [(float(v), c) for v, c in drawn]) if drawn else None
            points += _drawn(value, comparison, threshold)
        state = naive.state(points, needed, of, treatment.value if treatment else default, state)
        wanted.append(state)
    assert [each.state.value for each in replay(alarm_of(given), series_of(over))] == wanted


def _drawn(value: float | None, comparison: str, threshold: float) -> str:
    if value is None:
        return "-"
    return "X" if naive.operator(OPERATORS[comparison], value, threshold) else "0"


# ----------------------------------------------------------------------------- expressions

Node = tuple[Any, ...]
ids = st.sampled_from(["m1", "m2"])
scalars = st.tuples(st.just("number"), st.integers(0, 3).map(float))
leaves = st.one_of(st.tuples(st.just("id"), ids), st.tuples(st.just("id"), ids), scalars)
SYMBOLS = ("+", "-", "*", "/", ">", ">=", "<", "<=", "==", "!=", "AND", "OR")


def deeper(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.one_of(
        st.tuples(st.just("binary"), st.sampled_from(SYMBOLS), inner, inner),
        st.tuples(st.just("minus"), inner),
        st.tuples(st.just("ABS"), inner),
        st.tuples(st.just("fill"), ids, st.sampled_from([None, 0.0, 2.0])),
        st.tuples(st.just("if"), ids, ids, ids),
        st.tuples(st.sampled_from(["SUM", "AVG", "MIN", "MAX"]), ids, ids),
    )


trees = st.recursive(leaves, deeper, max_leaves=6)
a_series = st.lists(st.none() | numbers, min_size=SIZE, max_size=SIZE).map(tuple)


def text(node: Node) -> str:
    match node:
        case "id", name:
            return str(name)
        case "number", value:
            return f"{value:g}"
        case "binary", symbol, left, right:
            return f"({text(left)} {symbol} {text(right)})"
        case "minus", inner:
            return f"(-{text(inner)})"
        case "ABS", inner:
            return f"ABS({text(inner)})"
        case "fill", name, value:
            return f"FILL({name}, {'REPEAT' if value is None else f'{value:g}'})"
        case "if", one, two, three:
            return f"IF({one}, {two}, {three})"
        case name, one, two:
            return f"{name}([{one}, {two}])"
    raise AssertionError(node)


def naive_value(node: Node, metrics: Mapping[str, naive.Times]) -> naive.Times | float:
    match node:
        case "id", name:
            return metrics[name]
        case "number", value:
            return float(value)
        case "binary", symbol, left, right:
            return naive.arithmetic(symbol, naive_value(left, metrics), naive_value(right, metrics))
        case "minus", inner:
            return naive.arithmetic("*", -1.0, naive_value(inner, metrics))
        case "ABS", inner:
            found = naive_value(inner, metrics)
            if isinstance(found, float):
                return abs(found)
            return {time: abs(value) for time, value in found.items()}
        case "fill", name, value:
            return naive.fill(metrics[name], value, list(range(SIZE)))
        case "if", one, two, three:
            return naive.choose(metrics[one], metrics[two], metrics[three])
        case name, one, two:
            return naive.aggregate(name, [metrics[one], metrics[two]])
    raise AssertionError(node)


@given(trees, a_series, a_series)
def test_expressions(
    tree: Node, m1: tuple[float | None, ...], m2: tuple[float | None, ...]
) -> None:
    sparse = {
        id: {time: value for time, value in enumerate(values) if value is not None}
        for id, values in (("m1", m1), ("m2", m2))
    }
    whole = ("binary", "+", tree, ("fill", "m1", 1.0))  # so that the result is a time series
    try:
        wanted = naive_value(whole, sparse)
    except ZeroDivisionError:  # of two scalars, of which AWS does not say what results
        reject()
    metrics = {"m1": TimeSeries(m1), "m2": TimeSeries(m2)}
    math = MetricMath(metrics, {"e1": parse(text(whole))}, period=60, size=SIZE)
    assert isinstance(wanted, dict)
    found = {
        time: value for time, value in enumerate(math.series("e1").values) if value is not None
    }
    assert found == pytest.approx(wanted)
