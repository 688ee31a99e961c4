"""The state that a metric alarm has after an evaluation.

CloudWatch user guide, "Evaluating an alarm", "Configuring how CloudWatch alarms treat missing
data" with its tables, and "Percentile-based alarms and low data samples".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keyline_deploy.alarms.metric_math import MetricMath
from keyline_deploy.alarms.model import MetricAlarm, Treatment
from keyline_deploy.alarms.points import Points, Window, window
from keyline_deploy.alarms.state import State
from keyline_deploy.alarms.time_series import TimeSeries, Value


@dataclass(frozen=True)
class Outcome:
    """The result of an evaluation.

    Attributes
    ----------
    value
        The newest data point, None where it is missing.
    """

    state: State
    value: Value


def evaluate(alarm: MetricAlarm, points: Points, end: int, size: int, before: State) -> Outcome:
    """Evaluate an alarm.

    Parameters
    ----------
    end
        Number of the period that has not ended yet.
    size
        How many data points CloudWatch retrieves, its evaluation range.
    before
        The state until now.
    """
    windows = {query.id: window(points, alarm, query, end, size) for query in alarm.queries}
    series = MetricMath(
        {id: _time_series(found) for id, found in windows.items()},
        alarm.expressions,
        period=alarm.period,
        size=size,
    ).series(alarm.watched)
    breaching = [None if value is None else alarm.is_breaching(value) for value in series.values]
    newest = series.values[-1]
    if alarm.waits_for_samples and _has_too_few_samples(alarm, windows):
        return Outcome(before, newest)
    return Outcome(
        state_after(
            breaching,
            evaluation_periods=alarm.evaluation_periods,
            datapoints_to_alarm=alarm.datapoints_to_alarm,
            treatment=alarm.treatment,
            before=before,
        ),
        newest,
    )


def _time_series(found: Window) -> TimeSeries:
    return TimeSeries(tuple(None if point is None else point.value for point in found))


def state_after(
    points: Sequence[bool | None],
    *,
    evaluation_periods: int,
    datapoints_to_alarm: int,
    treatment: Treatment,
    before: State,
) -> State:
    """Return the state that follows from the data points of an evaluation range.

    Parameters
    ----------
    points
        Whether each data point is breaching, the newest last; None where it is missing.
    before
        The state until now, which `ignore` keeps where missing data leaves the state open.

    Notes
    -----
    * If there are enough data points, use the newest `evaluation_periods` of them.
    * Otherwise use all of them, and count the missing number of points by the treatment, as
      breaching or as not breaching.
    * With the treatments `missing` and `ignore`, missing data points are never breaching. But
      if all that there are breach, and the oldest is at least `datapoints_to_alarm` periods
      old, `missing` goes to ALARM before there are enough ("premature alarm state").
    * With `ignore`, only a data point that is not breaching brings the alarm to OK. AWS's tables
      have no row for fewer and younger breaching data points than a premature alarm needs.
    """
    present = [point for point in points if point is not None]
    breaching = sum(present[-evaluation_periods:])
    lacking = max(evaluation_periods - len(present), 0)
    if treatment is Treatment.BREACHING:
        breaching += lacking
    if breaching >= datapoints_to_alarm:
        return State.ALARM
    undecided = lacking > 0 and all(present)
    if undecided and treatment is Treatment.IGNORE:
        return before
    if undecided and treatment is Treatment.MISSING:
        return _without_enough(points, datapoints_to_alarm)
    return State.OK


def _without_enough(points: Sequence[bool | None], datapoints_to_alarm: int) -> State:
    """Return the state where all data points breach, and fewer are present than needed."""
    ages = [age for age, point in enumerate(reversed(points), 1) if point is not None]
    if not ages:
        return State.INSUFFICIENT_DATA
    return State.ALARM if max(ages) >= datapoints_to_alarm else State.OK


def _has_too_few_samples(alarm: MetricAlarm, windows: Mapping[str, Window]) -> bool:
    """Return True if the newest data point is a percentile of too few samples.

    AWS: "the alarm state does not change during periods with too few data points to be
    statistically significant" (API reference, PutMetricAlarm).
    """
    for query in alarm.queries:
        if query.id == alarm.watched:
            present = [point for point in windows[query.id] if point is not None]
            return bool(present) and present[-1].samples < query.statistic.enough_samples
    return False
