"""The project's environments as they are synthesized: once a run, for the tests of all its workers.

A synthesis takes seconds; the first who asks for one makes it, and the others wait.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from keyline_deploy.environment import load
from keyline_deploy.project import WORK
from keyline_deploy.systems import systems
from keyline_ops.synth import up_to_date
from tests.support import templates
from tests.support.templates import SynthesizedStack

MadeT = TypeVar("MadeT")
_STACKS = dict[str, SynthesizedStack]


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """Return the folder that the workers of a run share."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def local_assembly(base: Path) -> Path:
    """Return the local environment's assembly, bundles and all, as it was when this run began.

    It is not to be changed: a test that changes it, or runs it, takes a copy, `linked` or `copied`.
    What it was made from counts, so the next run of unchanged code makes none.
    """
    own = base / "assembly"
    with _alone(own):
        if not own.exists():
            linked(up_to_date("local", WORK / "assembly" / "tests"), base)
    return own


@cache
def stacks(environment: str, base: Path) -> _STACKS:
    """Return the stacks of an environment by name; nothing is bundled."""

    def synthesized() -> _STACKS:
        return templates.synthesize(load(environment), systems(), base / f"synth-{environment}")

    return once(base / f"stacks-{environment}.json", synthesized, _STACKS)


def once(file: Path, make: Callable[[], MadeT], kind: type[MadeT]) -> MadeT:
    """Return what is in a file of this run; the first who asks makes it."""
    with _alone(file):
        if not file.exists():
            file.write_bytes(msgspec.json.encode(make()))
    return msgspec.json.decode(file.read_bytes(), type=kind)


def copied(assembly: Path, folder: Path) -> Path:
    """Return a copy of an assembly whose code may be edited while it runs."""
    return shutil.copytree(assembly, folder / "assembly")


def linked(assembly: Path, folder: Path) -> Path:
    """Return a copy of an assembly whose templates may be changed; the code is the original's.

    So what is compiled of it serves all platforms that run it.
    """
    copy = folder / "assembly"
    copy.mkdir()
    for path in assembly.iterdir():
        if path.is_dir():
            (copy / path.name).symlink_to(path)
        else:
            shutil.copyfile(path, copy / path.name)
    return copy


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep the other workers from making the same."""
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
