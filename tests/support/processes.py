"""The work of a process of a platform."""

from __future__ import annotations

import psutil

_BOOTSTRAP = "bootstrap.py"


def runs_a_function(process: psutil.Process) -> bool:
    """Tell whether a process runs a function."""
    try:
        return any(part.endswith(_BOOTSTRAP) for part in process.cmdline())
    except psutil.NoSuchProcess:  # it has ended
        return False
