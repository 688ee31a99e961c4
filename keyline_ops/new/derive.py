"""Make the files that follow from a new system: its documents and its snapshots.

A process that has read the systems does not see a new one, so each is made in a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from keyline.errors import KeylineError
from keyline_ops.new.plan import Plan

_DATA_MODEL = (
    "import sys; from keyline_deploy.systems import declaration; from keyline_ops import docs; "
    "docs.write([declaration(sys.argv[1])])"
)


class DeriveFailedError(KeylineError):
    """A document or the snapshots could not be made; the output says why."""


def derive(plan: Plan, root: Path, tell: Callable[[str], None]) -> None:
    """Make the documents and the snapshots that the plan names.

    Parameters
    ----------
    tell
        Takes what is made next.

    Raises
    ------
    DeriveFailedError
        If one of them could not be made.
    """
    system = plan.words.system
    commands = {
        "data-model.md": ["-c", _DATA_MODEL, system],
        "openapi.json": ["-m", "keyline_ops.cli", "openapi", system, "--output"],
        "__snapshots__": ["-m", "pytest", f"tests/systems/{system}/snapshot", "--snapshot-update"],
    }
    for step in plan.steps:
        if step.action == "derive":
            tell(step.path)
            command = commands[Path(step.path).name]
            _run([*command, step.path] if command[-1] == "--output" else command, root, step.path)


def _run(arguments: list[str], root: Path, path: str) -> None:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise DeriveFailedError(
            path,
            f"could not be made.\n{done.stdout}{done.stderr}".rstrip(),
            "Correct what it names, and run the same command again: it goes on from here.",
        )
