"""Counts the instructions of a client's calls by valgrind's callgrind.

A count does not depend on what else the machine does. It is of the client's process, in its own
code; what the kernel does for it is not in it.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.clients.process import Running, Subject, running

WARM_UP = 20


@contextmanager
def counted(subject: Subject, url: str, table: str, folder: Path) -> Iterator[Running]:
    """Yield the process of a client under callgrind, which counts nothing until it is told to."""
    options = ("--instr-atstart=no", f"--callgrind-out-file={folder}/{subject.module}")
    with running(
        subject, url, table, under=("valgrind", "--quiet", "--tool=callgrind", *options)
    ) as process:
        yield process


def instructions(running: Running, operation: str, calls: int, folder: Path) -> float:
    """Return the instructions of a call: the mean of some calls."""
    running.run(operation, WARM_UP)
    pid = str(running.process.pid)
    _control("--instr=on", pid)
    running.run(operation, calls)
    before = {*folder.iterdir()}
    _control("--dump", pid)
    _control("--instr=off", pid)
    (written,) = {*folder.iterdir()} - before
    total = re.search(r"^totals: (\d+)", written.read_text(encoding="utf-8"), re.MULTILINE)
    if total is None:
        raise ValueError(f"{written}: callgrind wrote no total")
    return int(total[1]) / calls


def _control(what: str, pid: str) -> None:
    subprocess.run(["callgrind_control", what, pid], check=True, capture_output=True)
