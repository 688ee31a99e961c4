"""The record of a run on a state folder: its process and its stage, in a file while it runs.

The process that runs the platform holds a lock on the file (`keyline_deploy.held_file`).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shlex
import time
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import msgspec

from keyline.errors import KeylineError
from keyline_deploy.held_file import read_held

_FILE = "run.json"
_LENGTH = 64  # one write of a fixed length: a reader sees the old text or the new one
_ATTEMPTS, _PAUSE = 10, 0.02  # a reader holds the lock for a moment too


class Stage(StrEnum):
    """The stage of a run.

    Attributes
    ----------
    STARTING
        Nothing answers yet.
    LOADING
        Requests are answered, and the samples are being loaded and used.
    SERVING
        Requests are answered, and nothing else is under way.
    INCOMPLETE
        Requests are answered. The load ended early, because a response was not as expected.
    """

    STARTING = "starting"
    LOADING = "loading"
    SERVING = "serving"
    INCOMPLETE = "incomplete"


class Run(msgspec.Struct, frozen=True):
    """The process that runs the platform, and how far it is."""

    pid: int
    stage: Stage


class Record:
    """The file of this process's run."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def enter(self, stage: Stage) -> None:
        """Say how far the run is."""
        text = msgspec.json.encode(Run(os.getpid(), stage))
        os.pwrite(self._descriptor, text.ljust(_LENGTH), 0)


@contextlib.contextmanager
def recorded(state: Path) -> Iterator[Record]:
    """Hold the state folder for this process, and tell others about its run meanwhile.

    Raises
    ------
    KeylineError
        If another platform runs on the folder, or the folder cannot be used.
    """
    try:
        state.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(state / _FILE, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise unusable(state, error) from error
    try:
        if not _lock(descriptor):
            raise KeylineError(
                str(state),
                "another local platform runs on this state folder.",
                f"Stop it (`{stop_command(state)}`), or choose another state folder.",
            )
        record = Record(descriptor)
        record.enter(Stage.STARTING)
        yield record
    finally:
        os.close(descriptor)


def stop_command(state: Path) -> str:
    """Return the command that stops the platform of a state folder."""
    return shlex.join(["keyline", "down", "--state", str(state)])


def unusable(state: Path, error: OSError) -> KeylineError:
    """Say that a folder cannot be the state folder, and why."""
    is_file = isinstance(error, FileExistsError | NotADirectoryError)
    why = "it is not a folder" if is_file else error.strerror
    return KeylineError(
        str(state), f"cannot be the state folder: {why}.", "Name a folder that you may write to."
    )


def running(state: Path) -> Run | None:
    """Return who runs on a state folder, or None if no platform does."""
    held = read_held(state / _FILE)
    return None if held is None else _decoded(held)


def _decoded(text: bytes) -> Run | None:
    """Return None for the moment in which the file is locked and not written yet."""
    try:
        return msgspec.json.decode(text, type=Run)
    except msgspec.DecodeError:
        return None


def _lock(descriptor: int) -> bool:
    for _ in range(_ATTEMPTS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE)
        else:
            return True
    return False
