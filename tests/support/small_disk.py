"""A disk that is full until there is space again, for commands that run on it.

It is a file system of its own, in a namespace of the user's own, so that it needs no rights and is
gone with its test. Where a machine forbids such namespaces, files that may not grow stand in.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Protocol

import psutil
import pytest

from tests.support.soak import AT_LENGTH

_NO_LIMIT = resource.RLIM_INFINITY


class Disk(Protocol):
    """A folder whose disk can be filled.

    Attributes
    ----------
    folder
        Its path for the commands that run on it.
    seen
        Its path for the test.
    """

    folder: Path
    seen: Path

    @property
    def prefix(self) -> list[str]:
        """Return what a command begins with that runs on this disk."""

    def fill(self) -> None:
        """Leave no space."""

    def free(self) -> None:
        """Give the space back."""


class OwnDisk:
    """A file system in memory, which only its own processes see."""

    def __init__(self, folder: Path, holder: int) -> None:
        self.folder = folder
        self.seen = Path(f"/proc/{holder}/root{folder}")
        self.prefix = ["nsenter", "--target", str(holder), "--user", "--mount"]
        self._ballast = self.seen / "ballast"

    def fill(self) -> None:
        with self._ballast.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(1 << 20))

    def free(self) -> None:
        self._ballast.unlink()


class Limits:
    """Files that may not grow: a limit of the processes that the test has started."""

    def __init__(self, folder: Path) -> None:
        self.folder = self.seen = folder
        self._others = psutil.Process().children(recursive=True)
        self._most = _NO_LIMIT

    @property
    def prefix(self) -> list[str]:
        return ["prlimit", f"--fsize={self._most}:{_NO_LIMIT}"]

    def fill(self) -> None:
        self._set(0)

    def free(self) -> None:
        self._set(_NO_LIMIT)

    def _set(self, most: int) -> None:
        self._most = most
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if process not in self._others:
                    process.rlimit(psutil.RLIMIT_FSIZE, (most, _NO_LIMIT))


@contextmanager
def own_disk(folder: Path) -> Iterator[Disk]:
    """Make a file system in a folder, for as long as this lasts."""
    folder.mkdir()
    mount = f"mount -t tmpfs -o size=48m none '{folder}' && echo ready && exec sleep infinity"
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as holder:
        try:
            assert holder.stdout is not None
            if holder.stdout.readline() != "ready\n":
                raise OSError("this machine allows no file systems of one's own")
            yield OwnDisk(folder, holder.pid)
        finally:
            holder.kill()


@contextmanager
def limits(folder: Path) -> Iterator[Disk]:
    """Limit what is started meanwhile; a write beyond the limit fails, and ends no process."""
    folder.mkdir()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGXFSZ})
    try:
        yield Limits(folder)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _has_namespaces() -> bool:
    command = ["unshare", "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "none"]
    tools = [shutil.which(name) for name in ("unshare", "nsenter", "mount")]
    ends = subprocess.run([*command, os.curdir], capture_output=True, check=False)
    return all(tools) and not ends.returncode


SmallDisk = Callable[[Path], AbstractContextManager[Disk]]
"""Makes a disk in a folder that is not there yet."""

DISKS: list[SmallDisk] = [
    *([own_disk] if _has_namespaces() else []),
    limits,
]
"""The kinds of disks that this machine allows."""
on_each_disk = pytest.mark.parametrize(
    "small_disk", DISKS if AT_LENGTH else DISKS[:1], ids=lambda kind: kind.__name__
)
"""Gives a test what makes a disk in a folder; among all tests of the first kind alone."""
