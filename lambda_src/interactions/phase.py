"""In which phase of the migration from memory to DynamoDB a process is.

An SSM parameter says it, so that a switch needs no deployment. It is read now and then, by
the request that finds it old: a function has no other time to do so.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from interactions.settings import Settings
from keyline.problem import KeylineError

PARAMETER_VARIABLE = "INTERACTIONS_PHASE_PARAMETER"
"""The environment variable with the parameter's name; without it the setting `phase` holds."""

SSM_SECONDS = 0.5
"""How long a request waits for SSM to connect, and again to answer, before it goes on with
what is known."""

_VALUE = re.compile(r"(?P<mode>[123])(?:@(?P<since>\S+))?")
_log = logging.getLogger(__name__)


class Mode(IntEnum):
    """What is written where, and what answers."""

    PARALLEL = 1
    """Both are written, memory answers."""
    READ_NEW = 2
    """Both are written, DynamoDB answers for the sessions opened since the switch."""
    DYNAMODB = 3
    """DynamoDB alone."""


@dataclass(frozen=True)
class Phase:
    """A phase of the migration.

    Attributes
    ----------
    since
        Epoch seconds: sessions opened from then on are new ones.
    """

    mode: Mode
    since: float = 0.0


class PhaseUnknown(KeylineError):
    """The parameter cannot be read, or says nothing that is a phase."""


def parse(text: str, path: str, changed: float = 0.0) -> Phase:
    """What a parameter's value says: `1`, `3`, or `2@2026-11-20T10:00:00Z`.

    Parameters
    ----------
    path
        What an error calls it: the parameter's name.
    changed
        Epoch seconds from which sessions are new where the value does not say.

    Raises
    ------
    PhaseUnknown
        If it is neither.
    """
    match = _VALUE.fullmatch(text.strip())
    if match is None:
        raise PhaseUnknown(
            path, f"is {text!r}, which is no phase.", "Write 1, 2 or 3: `keyline phase 2` does."
        )
    since = match["since"]
    return Phase(Mode(int(match["mode"])), _moment(since, path) if since else changed)


def write(phase: Phase) -> str:
    """The parameter's value of a phase, its moment to the second."""
    moment = datetime.fromtimestamp(phase.since, UTC)
    return f"{phase.mode.value}@{moment:%Y-%m-%dT%H:%M:%SZ}"


class PolledPhase:
    """The phase as its parameter says, read again when it is old.

    One thread reads while the others go on with what is known. A read that fails changes
    nothing: the last known phase holds, and before there was one, the default.

    Parameters
    ----------
    read
        Reads the parameter; may raise `PhaseUnknown`.
    seconds
        How long a phase is used before it is read again, whether or not that failed.
    failed
        Counts a read that failed.
    """

    def __init__(
        self,
        default: Phase,
        read: Callable[[], Phase],
        seconds: float,
        failed: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._known = default
        self._read = read
        self._seconds = seconds
        self._failed = failed
        self._clock = clock
        self._next = float("-inf")
        self._lock = threading.Lock()

    def __call__(self) -> Phase:
        """The phase now: to be asked once for each piece of work, which then keeps to it."""
        first = self._next == float("-inf")
        if self._clock() >= self._next and self._lock.acquire(blocking=first):
            try:
                if self._clock() >= self._next:
                    self._refresh()
                    self._next = self._clock() + self._seconds
            finally:
                self._lock.release()
        return self._known

    def _refresh(self) -> None:
        try:
            found = self._read()
        except PhaseUnknown as error:
            self._failed()
            _log.error("%s; phase %d goes on", error, self._known.mode)
            return
        if found != self._known:
            _log.warning("phase %d of the migration, before it %d", found.mode, self._known.mode)
        self._known = found


def of_function(settings: Settings, failed: Callable[[], None]) -> Callable[[], Phase]:
    """The phase of a function: its parameter's, or the setting's where it has none."""
    default = Phase(Mode(settings.phase))
    name = os.environ.get(PARAMETER_VARIABLE)
    if not name:
        return lambda: default
    return PolledPhase(default, parameter_reader(name), settings.phase_seconds, failed)


def parameter_reader(name: str) -> Callable[[], Phase]:
    """What reads an SSM parameter, without patience."""
    import botocore.session  # with SSM's model: what a function without a parameter never pays

    ssm = botocore.session.get_session().create_client(
        "ssm",
        region_name=os.environ.get("AWS_REGION"),
        config=Config(
            connect_timeout=SSM_SECONDS,
            read_timeout=SSM_SECONDS,
            retries={"mode": "standard", "total_max_attempts": 1},
        ),
    )

    def read() -> Phase:
        try:
            found = ssm.get_parameter(Name=name)["Parameter"]
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            raise PhaseUnknown(name, f"was not given by SSM ({code}).") from error
        except BotoCoreError as error:
            raise PhaseUnknown(name, f"was not read ({type(error).__name__}).") from error
        return parse(found["Value"], name, found["LastModifiedDate"].timestamp())

    return read


def _moment(text: str, path: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.min
    if moment.tzinfo is None:
        raise PhaseUnknown(
            path, f"{text!r} is no moment with its offset.", "Write 2@2026-11-20T10:00:00Z."
        )
    return moment.timestamp()
