"""A replay as a small chart: values, states and transitions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from keyline_deploy.alarms import Evaluation, State
from keyline_ops.alarms.replaying import Replay

_BARS = "▁▂▃▄▅▆▇█"
_MISSING = "·"
_STATES = {State.OK: "-", State.ALARM: "!", State.INSUFFICIENT_DATA: "?"}
_WIDTH = 60
"""Evaluations in a row of the chart: an hour of minutes."""


def chart(replay: Replay) -> Iterator[str]:
    """Yield the lines of the chart of a replay."""
    values = [each.value for each in replay.evaluations if each.value is not None]
    low, high = min(values, default=0.0), max(values, default=0.0)
    yield f"{replay.alarm}: {_BARS[0]} is {low:g}, {_BARS[-1]} is {high:g}, {_MISSING} is not data"
    for start in range(0, len(replay.evaluations), _WIDTH):
        row = replay.evaluations[start : start + _WIDTH]
        yield f"{row[0].time.astimezone(UTC):%H:%M} {_bars(row, low, high)}"
        yield f"      {''.join(_STATES[each.state] for each in row)}"
    yield "- OK   ! ALARM   ? INSUFFICIENT_DATA"
    yield from _transitions(replay)


def _bars(row: Sequence[Evaluation], low: float, high: float) -> str:
    return "".join(_MISSING if each.value is None else _bar(each.value, low, high) for each in row)


def _bar(value: float, low: float, high: float) -> str:
    share = (value / 2 - low / 2) / (high / 2 - low / 2) if high > low else 0.0
    return _BARS[min(math.floor(share * len(_BARS)), len(_BARS) - 1)]


def _transitions(replay: Replay) -> Iterator[str]:
    before = replay.before
    for each in replay.evaluations:
        if each.state is not before:
            value = "no data" if each.value is None else f"{each.value:g}"
            yield f"{told(each.time)}  {before} -> {each.state}  ({value})"
        before = each.state


def told(time: datetime) -> str:
    """Return a time as AWS writes it: `2026-03-02T10:20:00Z`."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
