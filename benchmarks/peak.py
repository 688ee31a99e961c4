"""The most memory that a process ever took."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

_PEAK = "VmHWM:"


def peak_megabytes() -> float:
    """Return the most memory, in MB, that this process has held at once.

    What `getrusage` says is no less than what the parent held when it started the process: Linux
    keeps it across `execve`. So `/proc` is asked where there is one (proc_pid_status(5)).
    """
    if sys.platform != "linux":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # bytes on macOS
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (line,) = (line for line in lines if line.startswith(_PEAK))
    return int(line.split()[1]) / 1024
