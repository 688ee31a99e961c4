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
    done = subprocess.run(
        [sys.executable, "-P", "-m", "keyline_ops.check.child", str(root), system or ""],
        capture_output=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        raise CheckFailedError("keyline check", f"failed.\n{done.stderr.decode(errors='replace')}")
    return msgspec.json.decode(done.stdout, type=list[Fault])
