"""The states that an alarm has over a series, one evaluation after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from keyline.errors import KeylineError
from keyline_deploy.alarms.evaluation import evaluate
from keyline_deploy.alarms.model import Alarm, CompositeAlarm, MetricAlarm
from keyline_deploy.alarms.nesting import nesting_refused
from keyline_deploy.alarms.points import period_at
from keyline_deploy.alarms.series import AlarmState, Series
from keyline_deploy.alarms.state import State
from keyline_deploy.alarms.time_series import Value

MINUTE = 60
"""Seconds between two evaluations of a composite alarm that no time is named for."""

MOST_EVALUATIONS = 1_000_000
"""How many periods a series has at most: nearly two years of minutes."""

MORE_POINTS = 2
"""How many more data points than needed are retrieved: AWS's examples have 5 for 3."""


@dataclass(frozen=True)
class Evaluation:
    """The state that an alarm has from a time on.

    Attributes
    ----------
    value
        The newest data point; None where it is missing, and for a composite alarm.
    """

    time: datetime
    state: State
    value: Value = None


def replay(alarm: Alarm, series: Series) -> list[Evaluation]:
    """Return the evaluations of an alarm over a series, in order.

    Raises
    ------
    KeylineError
        If an expression of the alarm cannot be evaluated, or if the series is too long.
    """
    with nesting_refused("alarm"):
        if isinstance(alarm, CompositeAlarm):
            states = sorted(series.states, key=lambda each: each.time)
            return [_composite(alarm, states, time) for time in _times(series, MINUTE)]
        return list(_metric(alarm, series))


def _times(series: Series, period: int) -> Iterator[datetime]:
    if series.times is not None:
        yield from series.times
        return
    each = timedelta(seconds=period)
    periods = (series.end - series.start) // each
    if periods > MOST_EVALUATIONS:
        raise KeylineError(
            "series.end",
            f"is {periods} periods after the start, more than {MOST_EVALUATIONS}.",
            "Replay a shorter time, or name the times in `evaluateAt`.",
        )
    for number in range(1, periods + 1):
        yield series.start + number * each


def _metric(alarm: MetricAlarm, series: Series) -> Iterator[Evaluation]:
    asked = series.evaluation_range or alarm.evaluation_periods + MORE_POINTS
    size = max(asked, alarm.evaluation_periods)
    state = series.initial
    for time in _times(series, alarm.period):
        outcome = evaluate(alarm, series.points, period_at(time, alarm.period), size, state)
        state = outcome.state
        yield Evaluation(time, state, outcome.value)


def _composite(alarm: CompositeAlarm, states: Sequence[AlarmState], time: datetime) -> Evaluation:
    """Evaluate at a time; the states are in order of their times."""
    known: dict[str, State] = {}
    for each in states:
        if each.time <= time:
            known[each.alarm] = each.state
    holds = alarm.rule.holds(lambda name: known.get(name, State.INSUFFICIENT_DATA))
    return Evaluation(time, State.ALARM if holds else State.OK)
