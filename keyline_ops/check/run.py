"""Check a project in a process of its own, which imports its declarations."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec

from keyline.errors import Fault, KeylineError
from keyline_deploy.project import ROOT

_SECONDS = 60.0


class CheckFailedError(KeylineError):
    """The process that checks did not come to its end."""


def check(system: str | None = None, root: Path = ROOT) -> list[Fault]:
    """Return everything that is wrong with the project, or with one system of it.

    Parameters
    ----------
    root
        The project's folder.

    Raises
    ------
    CheckFailedError
        If the check itself cannot be done.
    """
    command = [sys.executable, "-P", "-m", "keyline_ops.check.child", str(root), system or ""]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise CheckFailedError(
            "keyline check",
            f"did not end within {_SECONDS:g} s.",
            "Look for a declaration that waits. A declaration does no I/O.",
        ) from error
    said = done.stderr.decode(errors="replace")
    if done.returncode:
        raise CheckFailedError(
            "keyline check", f"failed.\n{said}", "Repair what the last line names."
        )
    if not done.stdout:
        raise CheckFailedError(
            "keyline check",
            f"a declaration ended the process (exit code 0).\n{said}",
            "A declaration does not call sys.exit.",
        )
    return msgspec.json.decode(done.stdout, type=list[Fault])
