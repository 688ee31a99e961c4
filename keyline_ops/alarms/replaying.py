"""Replays of alarms whose properties and series are in files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from keyline.errors import KeylineError
from keyline_deploy.alarms import (
    Evaluation,
    MetricAlarm,
    State,
    alarm_of,
    replay,
    series_of,
    with_metric_data,
)
from keyline_ops.path_pairs import PathPair, read_path_pairs


@dataclass(frozen=True)
class Replay:
    """The evaluations of an alarm, and the state before them."""

    alarm: str
    before: State
    evaluations: Sequence[Evaluation]


def of_series(alarm: Path, series: Path) -> Replay:
    """Replay the alarm in one file over the series in another.

    Raises
    ------
    KeylineError
        If a file cannot be read, or the alarm cannot be evaluated.
    """
    found, over = alarm_of(_document(alarm)), series_of(_document(series))
    return Replay(found.name or alarm.name, over.initial, replay(found, over))


def of_metric_data(
    alarm: Path, output: Path, start: datetime | None = None, end: datetime | None = None
) -> Replay:
    """Replay the alarm in one file over the output of get-metric-data in another.

    Parameters
    ----------
    start, end
        The time that is replayed, if it is not that of the data points.

    Raises
    ------
    KeylineError
        If a file cannot be read, or the alarm cannot be evaluated.
    """
    found = alarm_of(_document(alarm))
    if not isinstance(found, MetricAlarm):
        raise KeylineError(str(alarm), "is a composite alarm, which has no metrics.")
    watching, over = with_metric_data(found, _document(output), start, end)
    return Replay(found.name or alarm.name, over.initial, replay(watching, over))


def of_pairs(pairs: Path) -> list[Replay | KeylineError]:
    """Replay each of the pairs that a file lists; an error stands in the place of its replay.

    Raises
    ------
    KeylineError
        If the file is not a list.
    """
    return [_replayed(pair) for pair in read_path_pairs(pairs, "alarm", "series")]


def _replayed(pair: PathPair | KeylineError) -> Replay | KeylineError:
    if isinstance(pair, KeylineError):
        return pair
    alarm, series = map(Path, pair)
    try:
        return of_series(alarm, series)
    except KeylineError as error:
        return error


def _document(path: Path) -> object:
    try:
        found: object = msgspec.json.decode(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise KeylineError(str(path), f"cannot be read: {error}.") from error
    return found
