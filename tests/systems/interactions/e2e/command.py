"""`keyline` as an operator runs it, within the tests' process: to start one takes a second."""

from __future__ import annotations

import json
from typing import Any

from typer.testing import CliRunner

from keyline_ops.cli import app
from tests.support.platform import Running


def keyline_phase(running: Running, *arguments: str) -> dict[str, Any]:
    """Run `keyline phase` for the system on the platform that runs; return the JSON it prints."""
    said: dict[str, Any] = keyline(running, "phase", "interactions", *arguments)
    return said


def keyline(running: Running, *arguments: str) -> Any:
    """Run a command on the platform that runs; return the JSON it prints."""
    done = CliRunner().invoke(app, [*arguments, "--json", "--state", str(running.state)])
    assert done.exit_code == 0, (done.stderr, done.exception)
    return json.loads(done.stdout)


def switch(running: Running, mode: int) -> None:
    """Switch to another phase."""
    said = keyline_phase(running, str(mode))
    assert said["written"]
    assert said["after"].startswith(f"{mode}@")
