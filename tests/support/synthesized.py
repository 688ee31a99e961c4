"""The local environment as it is synthesized: once a run, for the tests of all its workers."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path

from ops.synth import synthesize

_NAME = "local-assembly"


def local_assembly(base: Path) -> Path:
    """The local environment's assembly in a folder that the workers of a run share.

    It takes seconds to make; the first who asks makes it, and the others wait. It is not to be
    changed: a test that changes it, or runs it, takes a copy.
    """
    folder = base / _NAME
    with (base / f"{_NAME}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "manifest.json").exists():
            synthesize("local", folder)
    return folder


def copied(assembly: Path, folder: Path) -> Path:
    """A copy of an assembly, to be run: code that is edited meanwhile is put into it."""
    return shutil.copytree(assembly, folder / "assembly")
