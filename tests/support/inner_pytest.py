"""A run of pytest within a test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_CI = ("CI", "BUILD_NUMBER")
"""By these pytest knows a build server, and prints its summary in full length."""


def outer_environment() -> dict[str, str]:
    """Return this process' environment for a project of its own, as a person's terminal has it.

    A worker's variables would have its pytest share what our workers share, such as synthesized
    stacks. With a build server's variables pytest prints other lines than a person sees.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_") and k not in _CI}
    return {**kept, "COLUMNS": "80"}


def run_pytest(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a folder's tests in processes of their own.

    Of the installed plugins only xdist is loaded: to import them all takes longer than such tests.
    Its temporary files are its own, or it would clear away those of earlier runs first.
    """
    plugins = ("-p", "xdist.plugin", "-p", "no:cacheprovider", f"--basetemp={folder / 'tmp'}")
    return subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, *options],
        cwd=folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
    )
