"""Replays of alarms whose properties and series are in files."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from keyline.errors import KeylineError
from keyline_deploy.alarms import (
    Alarm,
    Evaluation,
    MetricAlarm,
    Series,
    State,
    alarm_of,
    replay,
    series_of,
    unknown_keys_of_series,
    unknown_properties,
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
    found, over = _alarm(alarm), _series(series)
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
    found = _alarm(alarm)
    if not isinstance(found, MetricAlarm):
        raise KeylineError(
            str(alarm),
            "is a composite alarm, which has no metrics.",
            "Name an alarm of a metric, or leave --metric-data out.",
        )
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


def _alarm(path: Path) -> Alarm:
    document = _document(path)
    _warn(path, unknown_properties(document))
    return alarm_of(document)


def _series(path: Path) -> Series:
    document = _document(path)
    _warn(path, unknown_keys_of_series(document))
    return series_of(document)


def _warn(path: Path, found: Sequence[str]) -> None:
    for each in found:
        print(f"warning: {path}: {each}", file=sys.stderr)


def _document(path: Path) -> object:
    try:
        found: object = msgspec.json.decode(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise KeylineError(
            str(path), f"cannot be read: {error}.", "Name a file of JSON."
        ) from error
    return found
