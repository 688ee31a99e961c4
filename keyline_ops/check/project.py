"""The faults of a project: of its declarations, handlers and environments."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Collection, Iterator, Sequence
from importlib import import_module
from pathlib import Path

from keyline import variables
from keyline.errors import Fault, KeylineError, instead_of
from keyline.model import System, faults_among
from keyline_deploy.systems import names
from keyline_ops.check import environments, handlers, local_limits


def faults(root: Path, name: str | None, told: Collection[Fault]) -> Iterator[Fault]:
    """Yield what is wrong with a project, or with one system of it.

    Parameters
    ----------
    told
        The faults that declarations have told of themselves so far; it grows while they are
        imported.
    """
    sys.path.insert(0, str(root / "lambda_src"))
    known = names(root)
    if name is not None and name not in known:
        yield "SYSTEM", f"there is no system {name!r}.", instead_of(name, known)
        return
    systems: list[System] = []
    for each in known if name is None else (name,):
        before = len(told)
        found = _declaration(each)
        if isinstance(found, System):
            systems.append(found)
        elif len(told) == before:  # else it fails because of a fault that is told already
            yield found
    yield from faults_among(systems)
    for system in systems:
        yield from handlers.faults(system, root / "lambda_src")
        if not os.environ.get(variables.DYNAMODB_ENDPOINT):
            yield from local_limits.faults(system)
    yield from environments.faults(root / "environments", systems, known)


def _declaration(name: str) -> System | Fault:
    """Import the declaration of a system, or say why it cannot be imported."""
    path = f"lambda_src/{name}/system.py"
    try:
        found = getattr(import_module(f"{name}.system"), "SYSTEM", None)
    except KeylineError as error:
        return error.path, error.message, error.suggestion
    except Exception as error:  # noqa: BLE001 - the module is the user's code
        return _place(error, path), f"{type(error).__name__}: {error}", "Correct the module."
    if not isinstance(found, System):
        return path, "declares no SYSTEM.", "Write SYSTEM = System(...)."
    return found


def _place(error: Exception, otherwise: str) -> str:
    """Return the file and line of an error, in the code of the project."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_short(error.filename)}:{error.lineno}"
    frames: Sequence[traceback.FrameSummary] = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "lambda_src" in Path(frame.filename).parts]
    return f"{_short(ours[-1].filename)}:{ours[-1].lineno}" if ours else otherwise


def _short(file: str) -> str:
    before, mark, after = file.rpartition("lambda_src")
    return mark + after if before else file
