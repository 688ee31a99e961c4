"""Test that what a function imports at its start holds nothing that only rare requests need."""

from __future__ import annotations

import os
import subprocess
import sys

RARE = ("asyncio", "botocore.client", "email", "http.client", "urllib3", "zipfile")
"""Each takes many milliseconds to import, with what it brings along."""
PACKAGES = ("http", "stream", "run", "idempotency", "migration", "cache", "vector", "growth")


def test_the_run_time_imports_nothing_rare() -> None:
    packages = ", ".join(f"keyline.{package}" for package in PACKAGES)
    code = f"import sys, {packages}; print(*({{*{RARE}}} & sys.modules.keys()))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == []
