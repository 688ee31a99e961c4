"""The process of a client, from the side that asks it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from keyline_deploy.project import ROOT
from tests.support.engine import CREDENTIALS, REGION

OTHER_LIBRARIES = ROOT / ".keyline" / "aiobotocore" / "bin" / "python"
"""The interpreter of aiobotocore, which needs another botocore than boto3 does."""
ENVIRONMENT = {
    **dict(zip(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), CREDENTIALS, strict=True)),
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "PATH": os.defpath,
    "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in (".", "lambda_src")),
}
"""What a client finds, and nothing of the caller's."""


class Spent(NamedTuple):
    """Seconds that calls took: of CPU, in all threads of the client, and of the clock."""

    cpu: float
    wall: float


@dataclass(frozen=True)
class Subject:
    """A client to measure.

    Attributes
    ----------
    name
        What the results call it.
    module
        Its module in `benchmarks.clients`.
    """

    name: str
    module: str
    interpreter: Path = Path(sys.executable)


@dataclass(frozen=True)
class Running:
    """A client in its process."""

    subject: Subject
    process: subprocess.Popen[str]

    def run(self, operation: str, calls: int, workers: int = 1) -> Spent:
        """Have it make calls, side by side with more than one worker."""
        cpu, wall = self._ask(operation=operation, calls=calls, workers=workers)
        return Spent(cpu, wall)

    def digest(self, operation: str) -> str:
        """Have it read, and return a digest of the items it got."""
        return str(self._ask(operation=operation, digest=True))

    def _ask(self, **question: Any) -> Any:
        if self.process.stdin is None or self.process.stdout is None:
            raise RuntimeError("the process has no pipes")
        self.process.stdin.write(f"{json.dumps(question)}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the process of {self.subject.name} has ended")
        return json.loads(answer)


@contextlib.contextmanager
def running(
    subject: Subject,
    url: str,
    table: str,
    *,
    environ: Mapping[str, str] | None = None,
    under: Sequence[str] = (),
) -> Iterator[Running]:
    """Yield the process of a client; it is killed at the end.

    Parameters
    ----------
    environ
        More variables.
    under
        The command that the process runs under.
    """
    program = (str(subject.interpreter), "-m", "benchmarks.clients.worker")
    process = subprocess.Popen(
        [*under, *program, subject.module, url, table],
        cwd=ROOT,
        env={**ENVIRONMENT, **(environ or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Running(subject, process)
    finally:
        process.kill()
        process.wait()
