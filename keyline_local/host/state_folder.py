"""The folder that outlasts a restart: one platform at a time, and errors that name it."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import shutil
from collections.abc import Iterator
from pathlib import Path

from keyline_local.host.errors import LocalPlatformError

_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextlib.contextmanager
def state_locked(state: Path) -> Iterator[None]:
    """Hold the state folder for this process alone; the kernel lets go when it dies.

    Raises
    ------
    LocalPlatformError
        The folder cannot be used, or another platform runs on it.
    """
    with usable(state):
        state.mkdir(parents=True, exist_ok=True)
        file = (state / "lock").open("w", encoding="utf-8")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalPlatformError(
                str(state),
                "another local platform runs on this state folder.",
                "Stop it (Ctrl-C where it runs), or choose another state folder.",
            ) from None
        yield


@contextlib.contextmanager
def usable(state: Path) -> Iterator[None]:
    """Say in one line what the operating system refuses within the state folder.

    Raises
    ------
    LocalPlatformError
        The folder is a file, may not be written, or its disk is full.
    """
    try:
        yield
    except OSError as error:
        told = refusal(error, state)
        if told is None:
            raise
        raise told from error


def refusal(error: OSError, state: Path) -> LocalPlatformError | None:
    """Return what a reader is told of an error, if it is one of the state folder."""
    if error.errno in _FULL:
        return LocalPlatformError(
            str(state),
            "the disk of the state folder is full.",
            "Free some space and start again; or start with `--fresh` (`make up FRESH=1`), which"
            " removes the data of earlier runs; or name a folder on another disk with `--state`.",
        )
    place = Path(error.filename or state)
    if not place.is_relative_to(state):
        return None
    if isinstance(error, FileExistsError | NotADirectoryError):
        return LocalPlatformError(
            str(state), "is not a folder.", "Name a folder with `--state`; it is made if missing."
        )
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return LocalPlatformError(
            str(place), "may not be written.", "Name a folder of your own with `--state`."
        )
    return None


def forget(state: Path) -> None:
    """Remove what the platform itself wrote, and nothing else a folder may hold."""
    for pattern in ("engine.db*", "engine.log", "aws.log"):
        for path in state.glob(pattern):
            path.unlink()
    for name in ("checkpoints", "cache", "logs", "functions"):
        shutil.rmtree(state / name, ignore_errors=True)
