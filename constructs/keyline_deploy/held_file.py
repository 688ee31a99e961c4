"""A file that counts only while the process that wrote it holds a lock on it.

The kernel releases the lock when the process ends. So a file that a killed process left behind
says nothing.
"""

from __future__ import annotations

import fcntl
from pathlib import Path


def read_held(path: Path) -> bytes | None:
    """Return what is in a file, or None if no process holds it or there is no such file."""
    try:
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read()
    except OSError:
        return None
    return None
