"""Whatever an alarm and a series hold, a replay ends in a result or in a KeylineError."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Iterator
from datetime import UTC
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from keyline.errors import KeylineError
from keyline_deploy.alarms import (
    alarm_of,
    replay,
    series_of,
    unknown_keys_of_series,
    unknown_properties,
)
from tests.keyline_deploy.unit.alarms.recorded import (
    START,
    at,
    metric,
    of_metrics,
    properties,
    sample,
    series,
    without,
)

LARGE = 1.7e308
LEFT_OUT = object()
COMPOSITE = {"AlarmRule": "ALARM(a) AND NOT (OK('b') OR INSUFFICIENT_DATA(\"c\"))"}
OF_METRICS = of_metrics(metric("m1"), metric("m2", "Size"), {"Id": "e1", "Expression": "m1 + m2"})
ALARMS = (
    properties(EvaluationPeriods=2),
    without(properties(ExtendedStatistic="p99"), "Statistic"),
    OF_METRICS,
    COMPOSITE,
)
SERIES = series(
    "10:05:00",
    sample("10:00:05", 12, count=3),
    sample("10:01:05", 1),
    sample("10:03:05", 2, metric="Size"),
    evaluateAt=[at("10:02:00"), at("10:05:00")],
    evaluationRange=5,
    initialState="OK",
    alarmStates=[{"alarm": "a", "time": at("10:01:00"), "state": "ALARM"}],
)
TIMES = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", START, "2026-03-02T10:00:30-03:00")
EXPRESSIONS = (
    "SUM([])",
    'MAX(METRICS("q"))',
    '-METRICS("q")',
    "[]",
    "[m1]",
    "METRICS()",
    "SUM([m1, m2])",
    "m1 ^ 1000 ^ 1000",
    f"SUM([m1 * {LARGE}, m1 * {LARGE}])",
    f"FLOOR(m1 * {LARGE} * 10)",
    f"FILL((m1 - 5) * {LARGE / 10}, LINEAR)",
    "LOG(m1 - m1)",
    "(" * 2000,
    "m1" + " + m1" * 2000,
    "-" * 2000 + "m1",
    "PERIOD(e1)",
    "IF(METRICS(), 1, 0)",
)
RULES = ("ALARM()", "NOT " * 2000 + "TRUE", "(" * 2000, "", "ALARM(a", "NOT")
NUMBERS = (0, -1, 1, 60, 61, 86400, 10**9, 10**30, LARGE, -LARGE, 5e-324, 0.5)
odd = st.one_of(
    st.sampled_from(
        [*TIMES, *EXPRESSIONS, *RULES, *NUMBERS, None, True, "", "p99", "p0", "Average", [], {}]
    ),
    st.text(max_size=5),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=4,
    ),
)


def places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Return the paths of all members of a document."""
    members = document.items() if isinstance(document, dict) else enumerate(document)
    for name, member in members:
        yield (*path, name)
        if isinstance(member, dict | list):
            yield from places(member, (*path, name))


def changed(document: Any, path: tuple[Any, ...], value: object) -> Any:
    found = copy.deepcopy(document)
    holder = found
    for name in path[:-1]:
        holder = holder[name]
    if value is LEFT_OUT:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return found


@st.composite
def spoiled(draw: st.DrawFn, document: dict[str, Any]) -> Any:
    """Draw a document of which up to two members are odd or left out."""
    for _ in range(draw(st.integers(0, 2))):
        paths = list(places(document))
        if paths:
            value = draw(odd | st.just(LEFT_OUT))
            document = changed(document, draw(st.sampled_from(paths)), value)
    return document


def ends_well(alarm: object, over: object) -> None:
    unknown_properties(alarm)
    unknown_keys_of_series(over)
    try:
        found = replay(alarm_of(alarm), series_of(over))
    except KeylineError as error:
        assert error.message
    else:
        json.dumps(
            [(str(each.time.astimezone(UTC)), each.value) for each in found], allow_nan=False
        )


@given(st.sampled_from(ALARMS).flatmap(spoiled), spoiled(SERIES))
@example(COMPOSITE, SERIES | {"start": TIMES[0], "end": TIMES[1], "evaluateAt": None})
@example(OF_METRICS, SERIES | {"evaluateAt": list(TIMES)})
@example(properties(Period=60 * 10**15), SERIES)
@example(properties(Statistic="Sum"), SERIES | {"samples": [sample("10:01:00", LARGE, count=10)]})
def test_an_odd_member_ends_in_a_result_or_an_error(alarm: object, over: object) -> None:
    ends_well(alarm, over)


@given(odd, odd)
def test_an_odd_document_ends_in_a_result_or_an_error(alarm: object, over: object) -> None:
    ends_well(alarm, SERIES)
    ends_well(ALARMS[0], over)


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=itertools.count())
def test_an_odd_expression_ends_in_a_result_or_an_error(expression: str) -> None:
    ends_well(changed(OF_METRICS, ("Metrics", 2, "Expression"), expression), SERIES)


@pytest.mark.parametrize("rule", RULES, ids=itertools.count())
def test_an_odd_rule_ends_in_a_result_or_an_error(rule: str) -> None:
    ends_well({"AlarmRule": rule}, SERIES)
