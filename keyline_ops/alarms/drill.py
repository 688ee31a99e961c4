"""A drill on the running platform: something goes wrong, its alarm goes off, and is repaired.

Each scene waits in the platform's time, so that days pass in seconds. What it writes, it removes.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from keyline.errors import KeylineError
from keyline_ops.alarms.drilled import Drilled

Ask = Callable[..., Any]
"""Asks the platform: method, path, and by name `params` and `content`."""

MINUTE, HOUR, DAY = 60, 3_600, 86_400
_ON, _OVER = "ALARM", "OK"
_TELLS_WITHIN = 4
"""Minutes in which an alarm tells, also one that waits for another that may explain it."""
_GIVES_UP_WITHIN = 120
"""Seconds of the machine's time in which a stream consumer gives up on a record."""


def nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Scene:
    """Something that goes wrong, and how it is repaired.

    Attributes
    ----------
    cause
        What goes wrong, in a few words.
    stack, alarm
        The alarm that is to go off.
    begin, each, repair
        What is done at the beginning, before each step of time, and to repair.
    repaired_by
        The command that repairs.
    step, within
        Seconds of a step, and in how many seconds the alarm has to go off, and to be over.
    """

    cause: str
    stack: str
    alarm: str
    begin: Callable[[], None]
    repair: Callable[[], None]
    repaired_by: str
    each: Callable[[], None] = nothing
    step: int = MINUTE
    within: int = 15 * MINUTE


class Drill:
    """Plays scenes on a running platform."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def play(self, scenes: Sequence[Scene]) -> Iterator[Drilled]:
        """Play scenes one after the other; yield what was seen in each.

        Raises
        ------
        KeylineError
            If an alarm is on already, so that nothing would be seen, or does not exist.
        """
        for scene in scenes:
            yield self._play(scene)

    def _play(self, scene: Scene) -> Drilled:
        if self._alarm(scene)["state"] == _ON:
            raise KeylineError(
                f"{scene.stack}/{scene.alarm}",
                "is on already, so the drill would prove nothing.",
                "Repair what it tells of, or start with `make up FRESH=1`.",
            )
        start = self._now()
        try:
            scene.begin()
            fired = self._wait(scene, _ON, scene.within)
            told_by = self._told_since(scene, fired) if fired else ""
        finally:
            scene.repair()
        repaired = self._now()
        over = self._wait(scene, _OVER, scene.within) if fired else None
        return Drilled(
            cause=scene.cause,
            alarm=f"{scene.stack}/{scene.alarm}",
            fires_after=_minutes(start, fired),
            told_by=told_by,
            runbook=self._alarm(scene)["runbook"],
            repaired_by=scene.repaired_by,
            ends_after=_minutes(repaired, over),
        )

    def _wait(self, scene: Scene, state: str, within: int) -> datetime | None:
        """Let time pass until the alarm is in a state; return since when, None if it never was."""
        passed = 0
        while passed < within:
            if state == _ON:
                scene.each()
            self._ask("POST", "/time", params={"seconds": str(scene.step)})
            passed += scene.step
            alarm = self._alarm(scene)
            if alarm["state"] == state:
                return datetime.fromisoformat(alarm["since"])
        return None

    def _told_since(self, scene: Scene, fired: datetime) -> str:
        """Return the alarm that told since one went off: it itself, or one that joins it."""
        for _ in range(_TELLS_WITHIN):
            for alarm in self._ask("GET", "/alarms"):
                told = alarm["told"] and datetime.fromisoformat(alarm["told"])
                if alarm["stack"] == scene.stack and told and told >= fired:
                    return f"{alarm['stack']}/{alarm['name']}"
            scene.each()
            self._ask("POST", "/time", params={"seconds": str(MINUTE)})
        return ""

    def _alarm(self, scene: Scene) -> Mapping[str, Any]:
        for alarm in self._ask("GET", "/alarms"):
            if (alarm["stack"], alarm["name"]) == (scene.stack, scene.alarm):
                found: Mapping[str, Any] = alarm
                return found
        raise KeylineError(
            f"{scene.stack}/{scene.alarm}",
            "the platform has no such alarm.",
            "Restart it, so that it runs the templates of today.",
        )

    def _now(self) -> datetime:
        return datetime.fromisoformat(self._ask("GET", "/status")["time"])


class Consumption:
    """The records that a stream consumer has handled since this was made."""

    def __init__(self, ask: Ask, function: str) -> None:
        self._ask = ask
        self._function = function
        self._before = self._counts()

    def wait_for(self, records: int) -> None:
        """Wait until the consumer is done with so many records, and has given up on one of them.

        Raises
        ------
        KeylineError
            If it has not: its filter may leave the records out.
        """
        until = time.monotonic() + _GIVES_UP_WITHIN
        while time.monotonic() < until:
            done, given_up = self._counts()
            if done >= self._before[0] + records and given_up > self._before[1]:
                return
            time.sleep(0.2)
        raise KeylineError(
            self._function,
            "has not given up on the poison record.",
            f"Look at `keyline logs {self._function}`.",
        )

    def _counts(self) -> tuple[int, int]:
        """Return how many records it is done with, and on how many of them it gave up."""
        streams = self._ask("GET", "/status")["streams"]
        mine = [each for each in streams if each["function"] == self._function]
        done = sum(each["delivered"] + each["filtered"] + each["discarded"] for each in mine)
        return done, sum(each["discarded"] for each in mine)


def lost_failure(stream_arn: str) -> str:
    """Return a message of Lambda about a record that no stream has any longer."""
    batch = {
        "shardId": "shardId-drill",
        "startSequenceNumber": "1",
        "endSequenceNumber": "1",
        "approximateArrivalOfFirstRecord": "2020-01-01T00:00:00Z",
        "approximateArrivalOfLastRecord": "2020-01-01T00:00:00Z",
        "batchSize": 1,
        "streamArn": stream_arn,
    }
    context = {"condition": "RetryAttemptsExhausted", "approximateInvokeCount": 1}
    return json.dumps({"requestContext": context, "DDBStreamBatchInfo": batch, "version": "1.0"})


def _minutes(start: datetime, end: datetime | None) -> int | None:
    return None if end is None else max(1, math.ceil((end - start).total_seconds() / MINUTE))
