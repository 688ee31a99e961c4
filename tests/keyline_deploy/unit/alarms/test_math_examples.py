"""AWS's published examples of metric math, and what its user guide says of each function."""

from __future__ import annotations

import re

import pytest

from keyline.errors import KeylineError
from keyline_deploy.alarms.expression import parse
from keyline_deploy.alarms.metric_math import MetricMath
from keyline_deploy.alarms.time_series import TimeSeries

CONDITION, THEN, OTHERWISE = "[1, 1, 0, 0, -]", "[30, -, 0, 0, 30]", "[0, 0, 20, -, 20]"


def series(text: str) -> TimeSeries:
    """Read a time series as AWS writes it, `-` where there is no value."""
    values = re.findall(r"-?[\d.]+|-", text)
    return TimeSeries(tuple(None if value == "-" else float(value) for value in values))


def result(expression: str, **metrics: str) -> TimeSeries:
    read = {id: series(text) for id, text in metrics.items()}
    size = len(next(iter(read.values())).values)
    return MetricMath(read, {"e1": parse(expression)}, period=60, size=size).series("e1")


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("metric1 < metric2", "[0, 0, 1, 0]"),
        ("metric1 >= 30", "[1, 0, 0, 0]"),
        ("metric1 > 15 AND metric2 > 15", "[1, 0, 0, 0]"),
        ("metric1 > 15 && metric2 > 15", "[1, 0, 0, 0]"),
    ],
)
def test_the_table_of_operators(expression: str, wanted: str) -> None:
    found = result(expression, metric1="[30, 20, 0, 0]", metric2="[20, -, 20, -]")
    assert found == series(wanted)


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("IF(metric1, metric2, metric3)", "[30, 0, 20, -, -]"),
        ("IF(metric1, 5, metric3)", "[5, 5, 20, -, -]"),
        ("IF(metric1, metric2, 5)", "[30, 0, 5, 5, -]"),
        ("IF(metric1, metric2)", "[30, 0, -, -, -]"),
        ("IF(metric1 == 1, metric2, metric3)", "[30, 0, 20, -, -]"),
        ("IF(1, metric2, metric3)", THEN),
        ("IF(0, metric2, metric3)", OTHERWISE),
        ("IF(0, metric2)", "[-, -, -, -, -]"),
        ("IF(-2, metric2)", THEN),
    ],
)
def test_the_tables_of_if(expression: str, wanted: str) -> None:
    found = result(expression, metric1=CONDITION, metric2=THEN, metric3=OTHERWISE)
    assert found == series(wanted)


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("IF(metric1<400, metric1)", "[100, -, -]"),
        ("IF(metric1<400, 10, 2)", "[10, 2, -]"),
        ("IF(metric1>400, 1, 0)", "[0, 1, -]"),
    ],
)
def test_the_use_cases_of_if(expression: str, wanted: str) -> None:
    assert result(expression, metric1="[100, 500, -]") == series(wanted)


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        # a missing value counts as 0 beside a value, and where there is none the result is missing
        ("m1 + m2", "[5, 1, 4, -]"),
        ("m1 - m2", "[-3, 1, -4, -]"),
        ("m1 * m2", "[4, 0, 0, -]"),
        ("m1 + 10", "[11, 11, -, -]"),
        ("-m1", "[-1, -1, -, -]"),
        # what would divide by zero is dropped
        ("m1 / m2", "[0.25, -, 0, -]"),
        ("m2 / m1", "[4, 0, -, -]"),
        ("m1 / 0", "[-, -, -, -]"),
        ("m1 OR m2", "[1, 1, 1, -]"),
        ("m1 AND m2", "[1, 0, 0, -]"),
        ("m1 || m2", "[1, 1, 1, -]"),
        ("m1 != m2", "[1, 1, 1, -]"),
        ("SUM([m1, m2])", "[5, 1, 4, -]"),
        ("SUM(METRICS())", "[5, 1, 4, -]"),
        ("SUM(METRICS())*100", "[500, 100, 400, -]"),
        ("SUM(METRICS()*100)", "[500, 100, 400, -]"),
        ("SUM(100/[m1, m2])", "[125, 100, 25, -]"),
        ("SUM(-[m1, m2])", "[-5, -1, -4, -]"),
        ("SUM([m1, m2]/m2)", "[1.25, -, 1, -]"),
        ("AVG([m1, m2])", "[2.5, 0.5, 2, -]"),
        ("MIN([m1, m2])", "[1, 1, 4, -]"),
        ("MAX([m1, m2])", "[4, 1, 4, -]"),
        ("MIN(ABS(-[m1, m2]))", "[1, 1, 4, -]"),
        ("m1 * SUM(m1)", "[2, 2, -, -]"),
        ("m1 * AVG(m1)", "[0.5, 0.5, -, -]"),
        ("m2 - MIN(m2)", "[0, -, 0, -]"),
        ("m1/PERIOD(m1)*60", "[1, 1, -, -]"),
        ("FILL(m1, 7)", "[1, 1, 7, 7]"),
        ("FILL(m2, REPEAT)", "[4, 4, 4, 4]"),
        ("FILL(m1, MIN(m2))", "[1, 1, 4, 4]"),
        ("SUM(FILL(METRICS(), 0))", "[5, 1, 4, 0]"),
        ("SUM(FILL(METRICS(), m1))", "[5, 2, 4, -]"),
        ("CEIL(m1 / 4) + FLOOR(m1 / 4)", "[1, 1, -, -]"),
    ],
)
def test_what_the_guide_says_of_missing_values_and_functions(expression: str, wanted: str) -> None:
    assert result(expression, m1="[1, 1, -, -]", m2="[4, -, 4, -]") == series(wanted)


def test_a_filler_repeats_the_value_before_and_interpolates_between_two() -> None:
    assert result("FILL(m1, REPEAT)", m1="[-, 2, -, -, 8]") == series("[-, 2, 2, 2, 8]")
    assert result("FILL(m1, LINEAR)", m1="[-, 2, -, -, 8, -]") == series("[-, 2, 4, 6, 8, -]")
    assert result("FILL(m1, 0)", m1="[-, -]") == series("[0, 0]")


def test_metrics_picks_by_a_part_of_the_id() -> None:
    found = {"errors_4xx": "[1]", "errors_5xx": "[2]", "requests": "[12]"}
    text = 'SUM(METRICS("errors"))/SUM(METRICS("requests"))*100'
    assert result(text, **found) == series("[25]")
    assert result('SUM([METRICS("4xx"), METRICS("5xx")])', **found) == series("[3]")


@pytest.mark.parametrize(
    ("expression", "same"),
    [
        ("m1 + m2 * m1 ^ 2", "m1 + (m2 * (m1 ^ 2))"),
        ("m1 - m2 - m1", "(m1 - m2) - m1"),
        ("-m1 ^ 2", "-(m1 ^ 2)"),
        ("2 ^ m1 ^ m2", "2 ^ (m1 ^ m2)"),
        ("m1 > 1 OR m1 > 2 AND m2 > 9", "(m1 > 1) OR ((m1 > 2) AND (m2 > 9))"),
        ("m1 + 1 > m2 * 2", "(m1 + 1) > (m2 * 2)"),
        ("2 * -m1", "2 * (-m1)"),
        ("m1>1==m2>1", "((m1 > 1) == m2) > 1"),
    ],
)
def test_precedence(expression: str, same: str) -> None:
    assert parse(expression) == parse(same)


def test_expressions_use_expressions_and_metrics_holds_no_expression() -> None:
    expressions = {"e2": parse("e1 * 2"), "e1": parse("SUM(METRICS()) + 1")}
    math = MetricMath({"m1": series("[1, -]")}, expressions, period=60, size=2)
    assert math.series("e2") == series("[4, -]")


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("SUM(m1)", "not one time series"),
        ("METRICS()", "not one time series"),
        ("5", "not one time series"),
        ("m1 + m3", "no metric or expression with the id m3"),
        ("e1 + 1", "needs its own result"),
        ("[m1, m2] + [m1, m2]", "between two arrays"),
        ("[m1, 5]", "not scalars"),
        ("SUM(5)", "not a scalar"),
        ("SUM([])", "an array has no time series. Name a metric"),
        ('SUM(METRICS("q"))', "an array has no time series. Name a metric"),
        ("FILL(5, 1)", "a scalar stands"),
        ("IF(METRICS(), 1, 0)", "several time series"),
        ("SUM(m1, m2)", "SUM takes one argument: SUM([a, b])."),
        ("ABS(m1, m2)", "ABS takes one argument: ABS(a)."),
        ("RATE(m1)", "RATE is not evaluated. Use one of: ABS, "),
        ("PERIOD(m1 + m2)", "PERIOD is not evaluated with these arguments."),
        ("FILL(m1)", "FILL is not evaluated with these arguments."),
        ("REPEAT", "cannot stand there"),
        ("m1 +", "ends too early"),
        ("(m1", "ends too early"),
        ("m1 m2", "cannot have 'm2' there"),
        ("m1 ? 2", "cannot be read from '? 2' on"),
        ("", "ends too early"),
        ("AND", "cannot have 'AND' there"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(expression: str, said: str) -> None:
    with pytest.raises(KeylineError, match=re.escape(said)):
        result(expression, m1="[1]", m2="[2]")
