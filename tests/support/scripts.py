"""The project's shell scripts, run with a `make` that does nothing."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

MAKE = """#!/bin/sh
printf '%s|' "$@" >> "$CALLS"
printf '\\n' >> "$CALLS"
exit ${STATUS:-0}
"""


class Script:
    """A script with a `make` that does nothing but note what it was asked.

    Parameters
    ----------
    root
        The project that the script is of.
    folder
        Where `make` and its notes go.
    name
        The script's file.
    """

    def __init__(self, root: Path, folder: Path, name: str) -> None:
        self.calls = folder / "calls"
        self.calls.touch()
        make = folder / "make"
        make.write_text(MAKE)
        make.chmod(0o755)
        self._file = root / "scripts" / name
        self._folder = folder

    def __call__(self, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        return subprocess.run(
            [str(self._file), *options],
            cwd=self._folder,  # scripts find the project by themselves
            env={
                **kept,
                "PATH": f"{self._folder}{os.pathsep}{kept['PATH']}",
                "HOME": str(self._folder),
                "CALLS": str(self.calls),
                "AWS_EC2_METADATA_DISABLED": "true",
                **variables,
            },
            capture_output=True,
            text=True,
        )

    @property
    def asked(self) -> list[list[str]]:
        return [line.rstrip("|").split("|") for line in self.calls.read_text().splitlines()]
