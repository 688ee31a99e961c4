"""The output of `aws cloudwatch get-metric-data`, to replay an alarm over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import msgspec
from msgspec import Struct

from keyline.errors import KeylineError
from keyline_deploy.alarms.model import Metric, MetricAlarm, MetricQuery
from keyline_deploy.alarms.points import DataPoint, period_at
from keyline_deploy.alarms.series import Series, Time
from keyline_deploy.alarms.statistic import Statistic


class _Result(Struct, rename="pascal"):
    id: str
    timestamps: list[Time]
    values: list[float]


class _Output(Struct, rename="pascal"):
    metric_data_results: list[_Result]


@dataclass(frozen=True)
class _Retrieved:
    """Data points as CloudWatch has already made them, by the ids of their queries."""

    of: Mapping[str, Mapping[int, float]]

    def point(self, query: MetricQuery, period: int, number: int) -> DataPoint | None:
        """Return a data point; how many samples it was made of is not known."""
        value = self.of[query.id].get(number)
        return None if value is None else DataPoint(value, float("inf"))


def with_metric_data(alarm: MetricAlarm, output: object) -> tuple[MetricAlarm, Series]:
    """Return an alarm and what get-metric-data retrieved for it.

    Parameters
    ----------
    output
        The JSON document: a result for each metric of the alarm by its id, or one result for
        what the alarm watches. CloudWatch has computed that one, so that its expressions are not
        evaluated again. Its period has to be the alarm's.

    Raises
    ------
    KeylineError
        If the document is not such an output, lacks a metric of the alarm, or has no data point.
    """
    try:
        results = msgspec.convert(output, _Output).metric_data_results
    except msgspec.ValidationError as error:
        raise KeylineError("metric data", f"cannot be read: {error}.") from error
    found = {result.id: _by_period(result, alarm.period) for result in results}
    if len(results) == 1 and not alarm.expressions:
        found = {alarm.watched: found[results[0].id]}
    if alarm.watched in found:
        alarm = _of_its_result(alarm)
    for query in alarm.queries:
        if query.id not in found:
            raise KeylineError("metric data", f"there is no result with the id {query.id}.")
    times = [time for result in results for time in result.timestamps]
    if not times:
        raise KeylineError("metric data", "there is no data point.", "Ask for another time.")
    end = max(times) + timedelta(seconds=alarm.period)
    return alarm, Series(start=min(times), end=end, points=_Retrieved(found))


def _by_period(result: _Result, period: int) -> Mapping[int, float]:
    if len(result.timestamps) != len(result.values):
        raise KeylineError(f"metric data {result.id}", "has not as many values as timestamps.")
    pairs = zip(result.timestamps, result.values, strict=True)
    return {period_at(time, period): value for time, value in pairs}


def _of_its_result(alarm: MetricAlarm) -> MetricAlarm:
    """Return the alarm as one on a metric whose values are those of what the alarm watches."""
    watched = MetricQuery(alarm.watched, Metric("", alarm.watched), Statistic("Average"))
    return replace(alarm, queries=(watched,), expressions={})
