"""Proof that an alarm fires and ends: it is driven by samples of the shape that its metrics have.

Samples come as often as the source of the metrics emits them, and no oftener: a function that runs
once a day has one data point a day. Before and after the trouble each metric is published as
`MetricCatalogue` says that its service does, or not at all, as without traffic. In the trouble one
metric after the other is outside of the threshold, in as many data points as the alarm asks for.
Samples are seen up to two minutes late.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count, islice, product

from keyline_deploy.alarm_rules import LATEST_SECONDS
from keyline_deploy.alarms import (
    Metric,
    MetricAlarm,
    MetricQuery,
    Sample,
    Samples,
    State,
    Treatment,
)
from keyline_deploy.alarms.evaluation import evaluate
from keyline_deploy.alarms.points import DataPoint, Window
from keyline_deploy.alarms.properties import IGNORING_NAMESPACE
from keyline_deploy.alarms.replay import MORE_POINTS
from keyline_deploy.alarms.rule import Rule, named_alarms
from keyline_deploy.metric_catalogue import MetricCatalogue, Quiet
from keyline_deploy.rates import MONTH_SECONDS

_BEFORE = 3
"""Periods before the trouble."""
_REQUESTS = 50
"""Samples of a period of a source whose rate is not known."""
_SLOW_SHARE = 0.04
"""Of the samples of a period, how many are outside of the threshold in the trouble."""


@dataclass(frozen=True)
class Proof:
    """The observation of an alarm under all streams.

    Attributes
    ----------
    fires_after, ends_after
        Seconds from the start of the trouble to ALARM, and from its end to OK, at the latest;
        None if the alarm did not fire, or did not end, under one of the streams.
    depends_on_dimensions
        Whether wrong dimensions change what the alarm does under the same samples: it never goes
        off; or, where silence is the failure, it is never over.
    """

    fires_after: int | None
    ends_after: int | None
    depends_on_dimensions: bool

    @property
    def holds(self) -> bool:
        """Return whether the alarm is proven to go from OK to ALARM and back."""
        return None not in (self.fires_after, self.ends_after) and self.depends_on_dimensions


@dataclass(frozen=True)
class _Seen:
    """The data points of each query, of which those of the newest periods are not seen yet."""

    rows: Mapping[str, Window]
    until: int

    def point(self, query: MetricQuery, period: int, number: int) -> DataPoint | None:
        """Return a data point, None also if it is not seen yet."""
        return self.rows[query.id][number] if number < self.until else None

    def windows(self, end: int, size: int) -> Hashable:
        """Return all that an evaluation after so many periods looks at."""
        newest = min(end, self.until)
        return newest - end, tuple(row[end - size : newest] for row in self.rows.values())


@dataclass(frozen=True)
class _Source:
    """The samples that a source emits in each period since the epoch, at even distances.

    Attributes
    ----------
    each
        Samples of a period on the average; less than one if most periods have none.
    """

    each: float

    def samples_in(self, number: int) -> int:
        """Return how many samples a period has."""
        return math.floor((number + 1) * self.each) - math.floor(number * self.each)

    def periods_from(self, number: int) -> Iterator[int]:
        """Yield the periods with samples, from one on."""
        return (each for each in count(number) if self.samples_in(each))


@dataclass(frozen=True)
class _Trouble:
    """The periods since the epoch in which one of an alarm's metrics is beyond the threshold."""

    alarm: MetricAlarm
    source: _Source
    metric: MetricQuery
    first: int
    last: int
    end: int

    def samples(self, catalogue: MetricCatalogue, traffic: bool) -> Iterator[Sample]:
        """Yield the samples before, in and after the trouble."""
        for number in range(self.end):
            time = datetime.fromtimestamp(number * self.alarm.period, UTC)
            requests = self.source.samples_in(number)
            for query in self.alarm.queries if requests else ():
                troubled = self.first <= number < self.last
                if query is self.metric and troubled:
                    values = _outside(self.alarm, query, catalogue, requests)
                elif traffic or troubled:
                    values = _healthy(self.alarm, query, catalogue, requests)
                else:
                    values = []
                for value, times in values:
                    yield Sample(query.metric, time, value, times)


def is_proven(rule: Rule, alarms: Collection[str]) -> bool:
    """Return True if each of a rule's alarms alone makes the rule true, and none makes it false.

    Parameters
    ----------
    alarms
        The names of the alarms that there are; a rule about another one never sees it go off.
    """
    named = named_alarms(rule)

    def holds(on: str | None) -> bool:
        return rule.holds(lambda name: State.ALARM if name == on else State.OK)

    return named <= set(alarms) and not holds(None) and all(holds(name) for name in named)


class Prover:
    """Proves alarms, each kind of alarm once: the values of dimensions change nothing."""

    def __init__(self, catalogue: MetricCatalogue) -> None:
        self._catalogue = catalogue
        self._known: dict[str, Proof] = {}

    def of(self, alarm: MetricAlarm, a_month: float = math.inf) -> Proof:
        """Drive an alarm from OK to ALARM and back under every stream, and corrupted.

        Parameters
        ----------
        a_month
            How many samples the sources of the alarm emit in a month; infinity if the rate is not
            known, and samples come in every period.
        """
        kind = replace(
            alarm, name="", queries=tuple(replace(q, metric=_any(q.metric)) for q in alarm.queries)
        )
        each = a_month * alarm.period / MONTH_SECONDS if math.isfinite(a_month) else _REQUESTS
        key = f"{each} {kind!r}"
        if key not in self._known:
            self._known[key] = _proof(kind, each, self._catalogue)
        return self._known[key]


def _any(metric: Metric) -> Metric:
    return replace(metric, dimensions=frozenset((name, name) for name, _ in metric.dimensions))


def _proof(alarm: MetricAlarm, each: float, catalogue: MetricCatalogue) -> Proof:
    size = alarm.evaluation_periods + MORE_POINTS
    latest = math.ceil(LATEST_SECONDS / alarm.period)
    # samples that are further apart than an evaluation looks back are as rare as any
    source = _Source(max(each, 1 / (size + latest + 1)))
    first = next(source.periods_from(size + _BEFORE))
    if _fires_above(alarm):
        last = next(islice(source.periods_from(first), alarm.datapoints_to_alarm - 1, None)) + 1
    else:
        last = next(source.periods_from(first + alarm.datapoints_to_alarm))
    end = last + size + latest + 1
    every = list(range(size, end + 1))
    fires, ends, depends = [], [], []
    for treated, query, traffic in product(
        _as_aws_may_treat(alarm),
        _troubled(alarm, catalogue),
        (True, False) if _fires_above(alarm) else (True,),
    ):
        trouble = _Trouble(treated, source, query, first, last, end)
        samples = Samples(trouble.samples(catalogue, traffic))
        watched = _Observer(treated, samples, size, end)
        deceived = _Observer(_corrupted(treated), samples, size, end)
        for late in range(latest + 1):
            fired = watched.alarms(late)
            fires.append(_after(first, fired[:1]))
            ends.append(_after(last, [one + 1 for one in fired[-1:] if one < end]))
            depends.append(deceived.alarms(late) == ([] if _fires_above(alarm) else every))
    return Proof(_seconds(alarm, fires), _seconds(alarm, ends), all(depends))


def _troubled(alarm: MetricAlarm, catalogue: MetricCatalogue) -> Sequence[MetricQuery]:
    """Return the metrics that tell of trouble; the others of an expression tell of traffic."""
    if len(alarm.queries) == 1:
        return alarm.queries
    return [query for query in alarm.queries if _quiet(query, catalogue) is not Quiet.VALUES]


def _quiet(query: MetricQuery, catalogue: MetricCatalogue) -> Quiet:
    return catalogue.metrics[query.metric.namespace, query.metric.name].quiet


class _Observer:
    """Evaluates an alarm after each period; once where it sees the same in the same state."""

    def __init__(self, alarm: MetricAlarm, samples: Samples, size: int, end: int) -> None:
        self._alarm, self._size, self._end = alarm, size, end
        self._rows = {
            query.id: tuple(samples.point(query, alarm.period, number) for number in range(end))
            for query in alarm.queries
        }
        self._known: dict[Hashable, State] = {}

    def alarms(self, late: int) -> list[int]:
        """Return after which periods the alarm is in ALARM, where samples are so many late."""
        state, found = State.OK, []
        for now in range(self._size, self._end + 1):
            state = self._state(_Seen(self._rows, now - late), now, state)
            if state is State.ALARM:
                found.append(now)
        return found

    def _state(self, seen: _Seen, now: int, before: State) -> State:
        key = (before, seen.windows(now, self._size))
        if key not in self._known:
            self._known[key] = evaluate(self._alarm, seen, now, self._size, before).state
        return self._known[key]


def _after(start: int, found: Sequence[int]) -> int | None:
    """Return how many periods after a start something was; None if it was not, or was before."""
    return found[0] - start if found and found[0] > start else None


def _seconds(alarm: MetricAlarm, periods: Sequence[int | None]) -> int | None:
    known = [each for each in periods if each is not None]
    return max(known) * alarm.period if len(known) == len(periods) else None


def _as_aws_may_treat(alarm: MetricAlarm) -> list[MetricAlarm]:
    """Return the alarm, and as it would be if AWS ignored missing data of DynamoDB's metrics."""
    if any(query.metric.namespace == IGNORING_NAMESPACE for query in alarm.queries):
        return [alarm, replace(alarm, treatment=Treatment.IGNORE)]
    return [alarm]


def _corrupted(alarm: MetricAlarm) -> MetricAlarm:
    """Return the alarm with a wrong value of each dimension, or with a dimension too many."""
    queries = tuple(replace(query, metric=_wrong(query.metric)) for query in alarm.queries)
    return replace(alarm, queries=queries)


def _wrong(metric: Metric) -> Metric:
    wrong = {(name, f"{value}-wrong") for name, value in metric.dimensions}
    return replace(metric, dimensions=frozenset(wrong or {("TableName", "any")}))


# ---------------------------------------------------------------------------- samples

_Values = list[tuple[float, float]]
"""Values with how many samples have each of them."""


def _fires_above(alarm: MetricAlarm) -> bool:
    return alarm.is_breaching(math.inf)


def _outside(
    alarm: MetricAlarm, query: MetricQuery, catalogue: MetricCatalogue, requests: int
) -> _Values:
    """Return samples whose statistic is outside of the threshold; of a share, all requests."""
    if not _fires_above(alarm):
        return []
    beyond = abs(alarm.threshold) * 2 + 1
    if query.statistic.name in ("Sum", "SampleCount"):
        return [(1.0, requests if _is_share(alarm, catalogue) else math.floor(alarm.threshold) + 1)]
    if query.statistic.name == "Average":
        return [(beyond, requests)]
    slow = max(math.floor(requests * _SLOW_SHARE), 1)
    found = [(alarm.threshold / 2, requests - slow), (beyond, slow)]
    return [(value, times) for value, times in found if times]


def _healthy(
    alarm: MetricAlarm, query: MetricQuery, catalogue: MetricCatalogue, requests: int
) -> _Values:
    """Return samples as the metric has them while all is well and there is traffic."""
    quiet = _quiet(query, catalogue)
    if quiet is Quiet.NOTHING:
        return []
    if quiet is Quiet.ZEROS:
        return [(0.0, requests)]
    if _is_share(alarm, catalogue) or not _fires_above(alarm):
        return [(1.0, requests)]
    return [(alarm.threshold / (2 * requests), requests)]


def _is_share(alarm: MetricAlarm, catalogue: MetricCatalogue) -> bool:
    """Return whether an alarm is on a share: one of its metrics tells of traffic."""
    return len(_troubled(alarm, catalogue)) < len(alarm.queries)
