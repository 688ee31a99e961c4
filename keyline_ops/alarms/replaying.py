"""Replays of alarms whose properties and series are in files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypedDict

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


@dataclass(frozen=True)
class Replay:
    """The evaluations of an alarm, and the state before them."""

    alarm: str
    before: State
    evaluations: Sequence[Evaluation]


class Pair(TypedDict):
    """Paths of an alarm and of the series that it is replayed over."""

    alarm: str
    series: str


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
        If the file is not a list of pairs.
    """
    try:
        listed = msgspec.convert(_document(pairs), list[Pair])
    except msgspec.ValidationError as error:
        raise KeylineError(str(pairs), f"is not a list of pairs: {error}.") from error
    return [_replayed(Path(pair["alarm"]), Path(pair["series"])) for pair in listed]


def _replayed(alarm: Path, series: Path) -> Replay | KeylineError:
    try:
        return of_series(alarm, series)
    except KeylineError as error:
        return error


def _document(path: Path) -> object:
    try:
        found: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise KeylineError(str(path), f"cannot be read: {error}.") from error
    return found
