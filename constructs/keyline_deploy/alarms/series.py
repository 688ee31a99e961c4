"""The input of a replay: samples, the states of other alarms, and the times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from keyline.errors import KeylineError
from keyline_deploy.alarms.model import Metric
from keyline_deploy.alarms.points import Points, Sample, Samples
from keyline_deploy.alarms.rule import alarm_name
from keyline_deploy.alarms.state import State
from keyline_deploy.alarms.unknown_keys import unknown_keys


@dataclass(frozen=True)
class AlarmState:
    """The state that an alarm has from a time on."""

    alarm: str
    time: datetime
    state: State


@dataclass(frozen=True)
class Series:
    """The input of a replay.

    Attributes
    ----------
    start, end
        The first evaluation is at the end of the first period from `start` on, the last at
        `end`, unless `times` says otherwise. There is no data before `start`.
    times
        When the alarm is evaluated, in order; None at the end of every period.
    evaluation_range
        How many data points CloudWatch retrieves; None for two more than the alarm needs.
    initial
        The state before the first evaluation.
    """

    start: datetime
    end: datetime
    points: Points
    times: Sequence[datetime] | None = None
    evaluation_range: int | None = None
    initial: State = State.INSUFFICIENT_DATA
    states: Sequence[AlarmState] = field(default=())


Time = Annotated[datetime, Meta(tz=True)]
"""A time with its zone."""


_YEARS = (1970, 9000)
"""The years that a series is in: far from the ends of Python's calendar."""


class _Sample(Struct):
    namespace: str
    metric: str
    time: Time
    value: float
    dimensions: dict[str, str] = {}
    count: Annotated[float, Meta(gt=0)] = 1


class _AlarmState(Struct):
    alarm: str
    time: Time
    state: State


class _Series(Struct, rename="camel"):
    start: Time
    end: Time
    samples: list[_Sample] = []
    evaluate_at: list[Time] | None = None
    evaluation_range: Annotated[int, Meta(gt=0, le=100_000)] | None = None
    initial_state: State = State.INSUFFICIENT_DATA
    alarm_states: list[_AlarmState] = []


def series_of(document: object) -> Series:
    """Read a series from a JSON document.

    Raises
    ------
    KeylineError
        If the document is not a series. docs/alarms.md has its form.
    """
    try:
        given = msgspec.convert(document, _Series)
    except msgspec.ValidationError as error:
        raise KeylineError(
            "series", f"cannot be read: {error}.", "Correct the value that is named."
        ) from error
    for time in (given.start, given.end, *(given.evaluate_at or ())):
        if not _YEARS[0] <= time.year <= _YEARS[1]:
            raise KeylineError(
                "series", f"the time {time.isoformat()} is out of range.", "Check its year."
            )
    return Series(
        start=given.start,
        end=given.end,
        points=Samples(_sample(each) for each in given.samples if each.time >= given.start),
        times=given.evaluate_at,
        evaluation_range=given.evaluation_range,
        initial=given.initial_state,
        states=[
            AlarmState(alarm_name(each.alarm), each.time, each.state) for each in given.alarm_states
        ],
    )


def unknown_keys_of_series(document: object) -> list[str]:
    """Return for each key that a series does not have which key is nearest."""
    return unknown_keys(document, _Series)


def _sample(given: _Sample) -> Sample:
    metric = Metric(given.namespace, given.metric, frozenset(given.dimensions.items()))
    return Sample(metric, given.time, given.value, given.count)
