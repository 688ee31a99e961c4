"""The systems of this project, found by convention.

A system `orders` is declared in `lambda_src/orders/system.py`, as `SYSTEM`. The folder
`systems/orders` has everything else: each module there is a part that a command or stack asks for.
A part is imported only when it is asked for, so that a command without the CDK stays without.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from keyline.model import System
from keyline_deploy.project import ROOT


def names(root: Path = ROOT) -> tuple[str, ...]:
    """Return the names of the systems, sorted."""
    return tuple(sorted(file.parent.name for file in root.glob("lambda_src/*/system.py")))


def folder(system: str, root: Path = ROOT) -> Path:
    """Return the folder of a system's parts and pages."""
    return root / "systems" / system


@cache
def systems() -> tuple[System, ...]:
    """Return the declaration of every system, sorted by name."""
    return tuple(declaration(name) for name in names())


def declaration(name: str) -> System:
    """Return the declaration of a system.

    Raises
    ------
    TypeError
        If `lambda_src/NAME/system.py` has no `SYSTEM`.
    """
    found = getattr(import_module(f"{name}.system"), "SYSTEM", None)
    if not isinstance(found, System):
        raise TypeError(f"lambda_src/{name}/system.py declares no SYSTEM of the type System")
    return found


def part(system: str, name: str) -> ModuleType | None:
    """Import a part of a system: `stacks`, `journey`, `figures`, `importing`, `commands`.

    Returns
    -------
    The module `systems.<system>.<name>`, or None where the system has none.
    """
    if not (folder(system) / f"{name}.py").is_file():
        return None
    return import_module(f"systems.{system}.{name}")
