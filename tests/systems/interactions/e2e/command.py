"""`keyline`, run as an operator runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from keyline_deploy.project import ROOT
from tests.support.platform import Running


def keyline_phase(running: Running, *arguments: str) -> dict[str, Any]:
    """Run `keyline phase` for the system on the platform that runs; return the JSON it prints."""
    said: dict[str, Any] = keyline(running, "phase", "interactions", *arguments)
    return said


def keyline(running: Running, *arguments: str) -> Any:
    """Run a command on the platform that runs; return the JSON it prints."""
    command = [sys.executable, "-m", "keyline_ops.cli", *arguments, "--json"]
    done = subprocess.run(
        [*command, "--state", str(running.state)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def switch(running: Running, mode: int) -> None:
    """Switch to another phase."""
    said = keyline_phase(running, str(mode))
    assert said["written"]
    assert said["after"].startswith(f"{mode}@")
