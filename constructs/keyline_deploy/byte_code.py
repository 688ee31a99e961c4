"""Byte code for Lambda: what Python makes of a module before it runs it, made beforehand.

A function cannot keep byte code, since its code is read-only, so that each of its processes would
compile all that it imports. Byte code is of one version of Python, and this machine's is another
one as a rule. Pyodide is: CPython of one version, as a package of npm. The same sources give the
same byte code on every machine (docs/adr/0025-byte-code.md).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from keyline.errors import KeylineError

_PROGRAM = Path(__file__).with_suffix(".mjs")
_PACKAGE = Path(__file__).resolve().parents[2] / "node_modules" / "pyodide" / "package.json"
_ON_LAMBDA = "/var/task/"


class ByteCodeError(KeylineError):
    """Sources could not be compiled, although there is something to compile them."""


def compiler() -> str | None:
    """Name what compiles for Lambda: `Pyodide 0.29.5`. None where it is not installed."""
    try:
        manifest = json.loads(_PACKAGE.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return f"Pyodide {manifest['version']}"


def byte_code(
    files: Mapping[str, Path], digests: Mapping[str, str], *, python: str, cache: Path
) -> dict[str, Path]:
    """Give the byte code of a bundle's modules; none where nothing can compile them.

    Parameters
    ----------
    files
        The bundle's files, by their path in it.
    digests
        SHA-256 of each file's content, by the same paths.
    python
        The version of Lambda's Python: `3.13`.
    cache
        The folder where byte code is kept. What is there is not compiled again.

    Returns
    -------
    dict
        Byte code by its path in the bundle. The name of each file follows from the source's path
        and content and from the compiler, so that it stands for the content.

    Raises
    ------
    ByteCodeError
        If the compiler fails, or is of another version of Python.
    """
    by = compiler()
    if by is None:
        return {}
    kept = {
        name: cache / f"{_key(by, name, digests[name])}.pyc"
        for name in files
        if name.endswith(".py")
    }
    missing = {name: path for name, path in kept.items() if not path.exists()}
    if missing:
        _compile(by, {name: files[name] for name in missing}, missing, python, cache)
    tag = f"cpython-{python.replace('.', '')}"
    return {_place(name, tag): path for name, path in kept.items() if path.stat().st_size}


def _key(compiler: str, name: str, digest: str) -> str:
    return hashlib.sha256(f"{compiler}\0{name}\0{digest}".encode()).hexdigest()


def _place(name: str, tag: str) -> str:
    """Return where Python looks for a module's byte code: `a/__pycache__/b.cpython-313.pyc`."""
    folder, slash, file = name.rpartition("/")
    return f"{folder}{slash}__pycache__/{file.removesuffix('.py')}.{tag}.pyc"


def _compile(
    by: str, sources: Mapping[str, Path], kept: Mapping[str, Path], python: str, cache: Path
) -> None:
    """Compile into a folder of its own, and move the files: others may compile the same now."""
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".new-") as scratch:
        fresh = {name: Path(scratch).resolve() / kept[name].name for name in sources}
        jobs = Path(scratch) / "jobs.json"
        jobs.write_text(
            json.dumps(
                [
                    [str(source.resolve()), str(fresh[name]), _ON_LAMBDA + name]
                    for name, source in sources.items()
                ]
            ),
            encoding="utf-8",
        )
        version = _run(by, jobs)
        if not version.startswith(f"{python}."):
            raise ByteCodeError(
                "package.json", f"{by} is Python {version}.", f"Lambda needs one of {python}."
            )
        for name, path in fresh.items():
            path.replace(kept[name])


def _run(by: str, jobs: Path) -> str:
    path = f"{Path(sys.prefix) / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    node = shutil.which("node", path=path)
    if node is None:
        raise ByteCodeError("node", "is not on PATH.", "Run `make setup`.")
    done = subprocess.run([node, str(_PROGRAM), str(jobs)], capture_output=True, text=True)
    if done.returncode:
        raise ByteCodeError(
            "node_modules/pyodide",
            f"{by} could not compile for Lambda.",
            f"Delete node_modules and run `make setup`.\n{done.stderr.strip()}",
        )
    return done.stdout.strip()
