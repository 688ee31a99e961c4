"""The process of a handler, from the side that asks it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

_PROGRAM = Path(__file__).with_name("worker.py")


class Spent(msgspec.Struct, frozen=True):
    """Seconds of CPU that invocations took.

    Attributes
    ----------
    since_start
        With what the process did before them, from a started interpreter on.
    failed
        Invocations that did not do their work.
    """

    cpu: float
    since_start: float
    failed: int


@dataclass(frozen=True)
class Handler:
    """The work of a process, and its variables.

    Attributes
    ----------
    work
        What the program reads: the event, and what handles it.
    environ
        Its variables.
    """

    name: str
    work: Mapping[str, Any]
    environ: Mapping[str, str]


@dataclass(frozen=True)
class Running:
    """A handler in its process."""

    process: subprocess.Popen[str]
    name: str

    def invoke(self, first: int, last: int) -> Spent:
        """Have it run invocations.

        Raises
        ------
        RuntimeError
            If the process has ended.
        """
        if self.process.stdin is None or self.process.stdout is None:
            raise RuntimeError("the process has no pipes")
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(f"{first} {last}\n")
            self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            said = self.process.stderr.read() if self.process.stderr else ""
            raise RuntimeError(f"the process of {self.name} has ended: {said[-2000:]}")
        return msgspec.json.decode(answer, type=Spent)


@contextlib.contextmanager
def running(handler: Handler, folder: Path) -> Iterator[Running]:
    """Yield the process of a handler; it is killed at the end."""
    file = folder / "work.json"
    file.write_text(json.dumps(handler.work), encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-S", "-s", "-P", str(_PROGRAM), str(file)],
        env=dict(handler.environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Running(process, handler.name)
    finally:
        process.kill()
        process.communicate()
