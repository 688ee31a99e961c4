"""A local platform in the background: started so, waited for, and stopped from elsewhere."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Literal, TypeVar

from keyline.errors import KeylineError
from keyline_ops.run_record import Run, Stage, running, stop_command, unusable

T = TypeVar("T")

LOG = "up.log"
"""The file in the state folder that has what a platform in the background prints."""

_PAUSE = 0.05
_STOP_WITHIN = 60.0
_SHOWN_LINES = 12


def start(state: Path, options: Sequence[str], timeout: float) -> Run:
    """Start a platform in the background unless one runs, and wait until it has loaded its data.

    Parameters
    ----------
    options
        What `keyline up` is told beside the state folder.
    timeout
        Seconds that it may take.

    Raises
    ------
    KeylineError
        If it ends before it serves, or is not ready in time; it is left running then.
    """
    child = None if running(state) else _launch(state, options)

    def ready() -> Run | None:
        found = running(state)
        if found and found.stage in (Stage.SERVING, Stage.INCOMPLETE):
            return found
        if child is not None and child.poll() is not None:
            raise _ended(state / LOG, child.returncode)
        if child is None and found is None:
            raise KeylineError(str(state), "the platform was stopped meanwhile.", "Start it again.")
        return None

    try:
        found = _until(ready, timeout)
    except KeyboardInterrupt:
        if child is not None:
            child.terminate()
            child.wait()
        raise
    if found is None:
        raise KeylineError(
            str(state),
            f"the platform was not ready after {timeout:g} s, and is still starting or loading.",
            f"Read {state / LOG}; wait longer with --wait-timeout; or stop it"
            f" (`{stop_command(state)}`).",
        )
    return found


def stop(state: Path) -> bool:
    """Stop the platform that runs on a state folder, and wait until it has ended.

    The process is known by the lock that it holds on a file of the folder, so that another
    process that got the same number is never stopped.

    Returns
    -------
    Whether one ran.

    Raises
    ------
    KeylineError
        If it does not end.
    """
    found = running(state)
    if found is None:
        return False
    os.kill(found.pid, signal.SIGTERM)

    def ended() -> Literal[True] | None:
        now = running(state)
        return True if now is None or now.pid != found.pid else None

    if _until(ended, _STOP_WITHIN) is None:
        raise KeylineError(
            str(state),
            f"the platform (process {found.pid}) did not end within {_STOP_WITHIN:g} s.",
            f"End it with `kill -9 {found.pid}`: acknowledged writes are on disk.",
        )
    return True


def _launch(state: Path, options: Sequence[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "keyline_ops.cli", "up", "--quiet", "--state", str(state)]
    with _opened(state / LOG) as log:
        return subprocess.Popen(
            [*command, *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C in this terminal is not meant for it
        )


def _opened(log: Path) -> IO[bytes]:
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return log.open("wb")
    except OSError as error:
        raise unusable(log.parent, error) from error


def _ended(log: Path, code: int) -> KeylineError:
    lines = log.read_text(errors="replace", encoding="utf-8").splitlines()[-_SHOWN_LINES:]
    said = "".join(f"\n  {line}" for line in lines)
    return KeylineError(
        str(log),
        f"the platform ended with exit code {code} before it was ready:{said}",
        "\nCorrect what the log says, and start it again.",
    )


def _until(reached: Callable[[], T | None], timeout: float) -> T | None:
    """Ask again and again; None when the time is over."""
    end = time.monotonic() + timeout
    while (found := reached()) is None and time.monotonic() < end:
        time.sleep(_PAUSE)
    return found
