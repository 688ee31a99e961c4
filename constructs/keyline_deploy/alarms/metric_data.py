"""The output of `aws cloudwatch get-metric-data`, to replay an alarm over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

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


_PointsById = Mapping[str, Mapping[int, float]]
"""Values by the ids of their queries and the numbers of their periods."""


@dataclass(frozen=True)
class _Retrieved:
    """Data points as CloudWatch has already made them, by the ids of their queries."""

    of: _PointsById

    def point(self, query: MetricQuery, period: int, number: int) -> DataPoint | None:
        """Return a data point; how many samples it was made of is not known."""
        value = self.of[query.id].get(number)
        return None if value is None else DataPoint(value, float("inf"))


def with_metric_data(
    alarm: MetricAlarm,
    output: object,
    start: datetime | None = None,
    end: datetime | None = None,
) -> tuple[MetricAlarm, Series]:
    """Return an alarm and what get-metric-data retrieved for it.

    Parameters
    ----------
    output
        The JSON document: a result for each metric of the alarm by its id, or one result for what
        the alarm watches. CloudWatch has computed that one, so that its expressions are not
        evaluated again. The period of such a metric has to be the alarm's.
    start, end
        The time that is replayed, in whole periods: from the first data point to the end of the
        last one, unless they are given. Data points before `start` do not count.

    Raises
    ------
    KeylineError
        If the document is not such an output, or lacks a metric of the alarm. Also if the document
        has no data point and `start` or `end` is not given, or if one of them is not a whole
        period.
    """
    found = _by_id(_results(output), alarm.period)
    if len(found) == 1 and not alarm.expressions:
        found = dict.fromkeys([alarm.watched], *found.values())
    if alarm.watched in found:
        alarm = _of_its_result(alarm)
    lacking = [query.id for query in alarm.queries if query.id not in found]
    if lacking:
        raise KeylineError(
            "metric data",
            f"there is no result with the id {lacking[0]}.",
            "Ask for each metric of the alarm by its id.",
        )
    return alarm, _series(found, alarm.period, start, end)


def _results(output: object) -> Sequence[_Result]:
    try:
        return msgspec.convert(output, _Output).metric_data_results
    except msgspec.ValidationError as error:
        raise KeylineError(
            "metric data", f"cannot be read: {error}.", "Give what GetMetricData answers."
        ) from error


def _series(
    found: _PointsById, period: int, start: datetime | None, end: datetime | None
) -> Series:
    for name, time in (("start", start), ("end", end)):
        if time and time.timestamp() % period:
            raise KeylineError(
                name,
                f"is not a whole multiple of the alarm's {period} s.",
                "Give a time at which a period begins.",
            )
    numbers = [number for points in found.values() for number in points]
    if not numbers and not (start and end):
        raise KeylineError(
            "metric data", "there is no data point.", "Give the start and the end of the time."
        )
    first = start or _start_of(min(numbers), period)
    since = period_at(first, period)
    return Series(
        start=first,
        end=end or _start_of(max(numbers) + 1, period),
        points=_Retrieved(
            {
                id: {number: value for number, value in points.items() if number >= since}
                for id, points in found.items()
            }
        ),
    )


def _start_of(number: int, period: int) -> datetime:
    return datetime.fromtimestamp(number * period, UTC)


def _by_id(results: Sequence[_Result], period: int) -> _PointsById:
    """Return the data points of each id; a result in several pages has its id in each."""
    found: dict[str, dict[int, float]] = {}
    for result in results:
        of_id = found.setdefault(result.id, {})
        if len(result.timestamps) != len(result.values):
            raise KeylineError(
                f"metric data {result.id}",
                f"has {len(result.values)} values for {len(result.timestamps)} timestamps.",
                "Give what GetMetricData answers.",
            )
        for time, value in zip(result.timestamps, result.values, strict=True):
            if of_id.setdefault(period_at(time, period), value) != value:
                raise KeylineError(
                    f"metric data {result.id}",
                    "has two values for one period.",
                    "Ask for one time series by id, with the period of the alarm.",
                )
    return found


def _of_its_result(alarm: MetricAlarm) -> MetricAlarm:
    """Return the alarm as one on a metric whose values are those of what the alarm watches."""
    watched = MetricQuery(alarm.watched, Metric("", alarm.watched), Statistic("Average"))
    return replace(alarm, queries=(watched,), expressions={})
