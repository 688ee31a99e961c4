"""The places of benchmarks and of their results."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from keyline_deploy.project import ROOT
from keyline_deploy.systems import folder, names

OWN = (
    "benchmarks.cold_import",
    "benchmarks.functions",
    "benchmarks.invocations",
    "benchmarks.lean",
    "benchmarks.memory_before_after",
    "benchmarks.migrate",
    "benchmarks.scale",
    "benchmarks.synth",
)


def found() -> Iterator[str]:
    """Name the modules of all benchmarks: the project's own, then those of each system."""
    yield from OWN
    for system in names():
        for file in sorted(folder(system).glob("benchmarks/*.py")):
            yield f"systems.{system}.benchmarks.{file.stem}"


def file_of(name: str) -> Path:
    """Return the file of a module in the project's folder."""
    return ROOT / f"{name.replace('.', '/')}.py"


def kept(name: str) -> Path:
    """Return the file that holds the result of a benchmark, beside its module."""
    file = file_of(name)
    return file.parent / "results" / f"{file.stem}.json"
