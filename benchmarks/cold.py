"""The cost of a cold start, as it is on Lambda: a fresh process, and code that is read-only.

Both sides have byte code. That of a bundle is in it, for this machine's Python in place of Lambda's
(keyline_deploy.byte_code); that of boto3 is kept from a first run, as the runtime has it.
"""

from __future__ import annotations

import compileall
import os
import shutil
import statistics
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Any, NamedTuple

from benchmarks.ratio import Ratio
from benchmarks.result import machine
from keyline.model import Function
from keyline_deploy.bundling import SERVICES, Target, bundle

ENVIRONMENT = {
    "PATH": os.defpath,
    "HOME": "/nowhere",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    "KEYLINE_ENV": "local",
    "KEYLINE_SETTINGS": "{}",
    "KEYLINE_CURSOR_SECRET": "benchmark",
    "POWERTOOLS_SERVICE_NAME": "benchmark",
}
"""What a function finds, and nothing of the caller's."""
_MEASURE = (
    "import time; wall, cpu = time.perf_counter(), time.process_time()\n{code}\n"
    "print(time.perf_counter() - wall, time.process_time() - cpu)"
)


@dataclass(frozen=True)
class Subject:
    """The code that a process runs.

    Attributes
    ----------
    path
        Where it imports from, in addition to the standard library.
    environ
        Its variables, in addition to those of every subject.
    """

    code: str
    path: Path
    environ: Mapping[str, str]


class Spent(NamedTuple):
    """Seconds of a process: of the clock, and of CPU."""

    wall: float
    cpu: float


def shipped(system: str, function: Function, folder: Path) -> Path:
    """Copy the bundle of a system's function into a folder, with byte code and read-only."""
    bundled = bundle(
        system,
        target=Target.HOST,
        requirements=function.requirements,
        services=(*SERVICES, *function.services),
    )
    made = folder / system
    shutil.copytree(bundled.path, made)
    compileall.compile_dir(made, quiet=2, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
    for path in (made, *made.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    return made


def boto3(code: str, folder: Path, environ: Mapping[str, str] | None = None) -> Subject:
    """Return what runs code with this environment's boto3, whose byte code a folder keeps."""
    kept = {"PYTHONPYCACHEPREFIX": str(folder / "boto3")}
    return Subject(code, Path(sysconfig.get_path("purelib")), {**kept, **(environ or {})})


def seconds(subjects: Mapping[str, Subject], runs: int) -> dict[str, list[Spent]]:
    """Return what each subject took in each of some runs, in which the subjects take turns."""
    taken: dict[str, list[Spent]] = {name: [] for name in subjects}
    for number in range(runs + 1):
        for name, subject in subjects.items():
            spent = _run(subject)
            if number:  # the first run fills the file cache, and compiles boto3
                taken[name].append(spent)
    return taken


def judged(what: str, taken: Mapping[str, Sequence[Spent]], budget: float) -> dict[str, Any]:
    """Return the result of a benchmark of two subjects: boto3's is the first, ours the second.

    Parameters
    ----------
    what
        What was done, from where to where.
    taken
        As `seconds` returns it.
    budget
        The most that the CPU of ours may be of boto3's.
    """
    (against, theirs), (_, ours) = taken.items()
    rounds = [(mine.cpu, other.cpu) for mine, other in zip(ours, theirs, strict=True)]
    return {
        "what": f"milliseconds {what}, median of the runs",
        "where": machine(),
        "runs": len(ours),
        "wall_ms": {name: _median(each.wall for each in runs) for name, runs in taken.items()},
        "cpu_ms": {name: _median(each.cpu for each in runs) for name, runs in taken.items()},
        "ratios": [Ratio.of_rounds(f"CPU {what}", against, rounds, budget)],
    }


def _median(figures: Iterable[float]) -> float:
    return round(statistics.median(figures) * 1000, 1)


def _run(subject: Subject) -> Spent:
    """Seconds of wall time and of CPU that the code takes in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-S", "-s", "-c", _MEASURE.format(code=subject.code)],
        env={**ENVIRONMENT, "PYTHONPATH": str(subject.path), **subject.environ},
        capture_output=True,
        text=True,
        check=True,
    )
    wall, cpu = done.stdout.split()[-2:]
    return Spent(float(wall), float(cpu))
