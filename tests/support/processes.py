"""The work of a process of a platform."""

from __future__ import annotations

import psutil

_BOOTSTRAP = "bootstrap.py"
_ENGINE = "dynoxide"


def runs_a_function(process: psutil.Process) -> bool:
    """Tell whether a process runs a function."""
    return any(part.endswith(_BOOTSTRAP) for part in _command(process))


def runs_the_engine(process: psutil.Process) -> bool:
    """Tell whether a process is the embedded engine."""
    return any(part.endswith(_ENGINE) for part in _command(process)[:1])


def _command(process: psutil.Process) -> list[str]:
    try:
        command: list[str] = process.cmdline()
    except psutil.NoSuchProcess:  # it has ended
        return []
    return command
