"""The values that metric math computes with: scalars, time series and arrays of time series.

CloudWatch user guide, "Metric math syntax and functions" and "Using IF expressions". A missing
value counts as 0 beside the value of another time series. Where no time series has a value, the
result has none. What would divide by zero has no value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Value = float | None
"""None is a missing value."""


@dataclass(frozen=True)
class Scalar:
    """One number for all times; None where a division by zero gave none."""

    value: Value


@dataclass(frozen=True)
class TimeSeries:
    """A value for each period of a range, the newest last."""

    values: tuple[Value, ...]


@dataclass(frozen=True)
class SeriesArray:
    """Several time series of one range."""

    items: tuple[TimeSeries, ...]


Single = Scalar | TimeSeries


def applied(function: Callable[..., float], *values: Value) -> Value:
    """Return what a function makes of values; None where one is missing or no number results."""
    return None if None in values else _finite(lambda: function(*values))


def _finite(compute: Callable[[], float]) -> Value:
    """Return a result; None where there is none, or where no float is as large as it."""
    try:
        found = float(compute())
    except (ArithmeticError, ValueError):
        return None
    return found if math.isfinite(found) else None


def mapped(function: Callable[[float], float], series: TimeSeries) -> TimeSeries:
    """Apply a function to each value."""
    return TimeSeries(tuple(applied(function, value) for value in series.values))


def joined(
    function: Callable[[float, float], float], left: Single, right: Single, size: int
) -> TimeSeries:
    """Apply an operator at each time of a range of so many periods."""
    pairs = zip(_values(left, size), _values(right, size), strict=True)
    if isinstance(left, TimeSeries) and isinstance(right, TimeSeries):
        return TimeSeries(tuple(_of_two_series(function, *pair) for pair in pairs))
    return TimeSeries(tuple(applied(function, *pair) for pair in pairs))


def _of_two_series(function: Callable[[float, float], float], one: Value, other: Value) -> Value:
    return None if one is None and other is None else applied(function, one or 0.0, other or 0.0)


def _values(single: Single, size: int) -> Sequence[Value]:
    return single.values if isinstance(single, TimeSeries) else [single.value] * size


def chosen(condition: TimeSeries, then: Single, otherwise: Single) -> TimeSeries:
    """Return IF of a time series: a value of `then` where the condition is not 0.

    A missing value of `then` is 0. A missing value of the condition or of `otherwise` stays
    missing.
    """
    size = len(condition.values)
    yes = _values(filled(then, Scalar(0)) if isinstance(then, TimeSeries) else then, size)
    rows = zip(condition.values, yes, _values(otherwise, size), strict=True)
    return TimeSeries(
        tuple(None if asked is None else one if asked else other for asked, one, other in rows)
    )


def filled(series: TimeSeries, filler: Single) -> TimeSeries:
    """Put a scalar, or the value of another time series, in the place of each missing value."""
    pairs = zip(series.values, _values(filler, len(series.values)), strict=True)
    return TimeSeries(tuple(other if value is None else value for value, other in pairs))


def repeated(series: TimeSeries) -> TimeSeries:
    """Put the value before in the place of each missing value."""
    return TimeSeries(tuple(_repeating(series.values)))


def _repeating(values: Iterable[Value]) -> Iterator[Value]:
    last: Value = None
    for value in values:
        last = last if value is None else value
        yield last


def interpolated(series: TimeSeries) -> TimeSeries:
    """Put a value on the line between its neighbours in the place of each missing value."""
    values = list(series.values)
    known = [(place, value) for place, value in enumerate(values) if value is not None]
    for (start, first), (end, last) in pairwise(known):
        for place in range(start + 1, end):
            found = first + (last - first) * (place - start) / (end - start)
            values[place] = found if math.isfinite(found) else None
    return TimeSeries(tuple(values))


AGGREGATES: Mapping[str, Callable[[Sequence[float], int], float]] = {
    "SUM": lambda present, of: math.fsum(present),
    "AVG": lambda present, of: math.fsum(present) / of,
    "MIN": lambda present, of: min(present),
    "MAX": lambda present, of: max(present),
}
"""Functions of the present values, and of how many there are with the missing ones, which AVG
counts as 0."""


def of_series(function: str, series: TimeSeries) -> Scalar:
    """Return the scalar that an aggregate makes of all values of one time series."""
    return Scalar(_aggregate(function, series.values))


def of_array(function: str, array: SeriesArray) -> TimeSeries:
    """Return the time series that an aggregate makes of the values of each time."""
    columns = zip(*(item.values for item in array.items), strict=True)
    return TimeSeries(tuple(_aggregate(function, column) for column in columns))


def _aggregate(function: str, values: Sequence[Value]) -> Value:
    present = [value for value in values if value is not None]
    return _finite(lambda: AGGREGATES[function](present, len(values))) if present else None
