"""The files of our own packages that a bundle carries.

A package's modules and data are carried. The following is left out:

* files and folders whose name begins with a dot, such as `.env`;
* what editors and merges leave behind, such as `tables.py.orig`;
* folders called `test` or `tests`;
* what the `.gitignore` files of the project name, and those of a submodule in the package. A file
  that git tracks all the same is carried (`git add --force`). Without git, or in a folder that git
  ignores as a whole, this rule is off. A developer's own ignore file (`core.excludesFile`) has no
  say: the same project gives the same bundle on every machine;
* links to folders, what is not a file, and what has a name that is not UTF-8.

All of these are named in `Found.left_out`. Byte code, caches of tools and the requirements files of
a system, which say what else a bundle carries, are left out without being named.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

_USUAL = (
    *("__pycache__", "*.pyc", ".mypy_cache", ".pytest_cache", ".ruff_cache"),
    *(".DS_Store", ".gitignore", ".gitkeep"),
)
_LEFTOVERS = ("*.bak", "*.orig", "*.rej", "*.swp", "*.swo", "*~", "#*#")
_TESTS = ("test", "tests")
_REQUIREMENTS = "requirements*.txt"


@dataclass(frozen=True)
class Found:
    """The content of a package's folder.

    Attributes
    ----------
    carried
        The files by their path in the bundle: `orders/handlers/read.py`.
    left_out
        What the bundle does not have of it, other than caches: `orders/.env`, `orders/tests/`.
    """

    carried: dict[str, Path]
    left_out: tuple[str, ...]


def source_files(package: Path) -> Found:
    """Tell what a bundle carries of a package of ours."""
    carried: dict[str, Path] = {}
    left_out: list[str] = []
    ignored = _ignored_by_git(package)
    for path in _walk(package, ignored):
        name = path.relative_to(package.parent).as_posix()
        if path.is_file() and not _is_left_out(path, package, ignored):
            carried[name] = path
        elif not _is_usual(path, package):
            left_out.append(_shown(f"{name}/" if path.is_dir() else name))
    return Found(carried, tuple(left_out))


def _shown(name: str) -> str:
    """Return a name that can be printed: a byte that is not UTF-8 is written as its number."""
    return name.encode(errors="backslashreplace").decode()


def _walk(package: Path, ignored: frozenset[Path]) -> Iterator[Path]:
    """Yield every file, and every folder that is left out as a whole, sorted."""
    for base, folders, names in os.walk(package):
        paths = [Path(base, name) for name in folders]
        entered = {path.name for path in paths if not _is_left_out(path, package, ignored)}
        yield from sorted(path for path in paths if path.name not in entered)
        folders[:] = sorted(entered)
        yield from sorted(Path(base, name) for name in names)


def _is_left_out(path: Path, package: Path, ignored: frozenset[Path]) -> bool:
    name = path.name
    return (
        path in ignored
        or name.startswith(".")
        or _shown(name) != name
        or _matches(name, _LEFTOVERS)
        or (path.is_dir() and (name in _TESTS or path.is_symlink()))
        or _is_usual(path, package)
    )


def _is_usual(path: Path, package: Path) -> bool:
    """Return whether it is left out of every bundle, so that nobody is told."""
    is_requirements = path.parent == package and fnmatchcase(path.name, _REQUIREMENTS)
    return is_requirements or _matches(path.name, _USUAL)


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _ignored_by_git(package: Path) -> frozenset[Path]:
    """Return what the `.gitignore` files name and git does not track; nothing without git.

    Git tells it of one repository at a time, and a submodule is one of its own.
    """
    submodules = [found.parent for found in package.rglob(".git") if found.parent != package]
    return frozenset().union(*map(_ignored_in, (package, *submodules)))


def _ignored_in(folder: Path) -> frozenset[Path]:
    command = ["git", "ls-files", "-z", "--others", "--ignored", "--directory"]
    try:
        listed = subprocess.run(
            [*command, "--exclude-per-directory=.gitignore", "--", "."],
            cwd=folder,
            # a hook of git sets variables that name another index or folder
            env={name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return frozenset()
    found = frozenset(folder / name for name in listed.split("\0") if name)
    return frozenset() if folder in found else found
