"""The inputs of a synthesis as one digest: an assembly of the same inputs is not made again."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from keyline import variables

_FILES = (
    *("app.py", "cdk.json", "cdk.context.json"),
    *("package-lock.json", "requirements.txt", "requirements.lock"),
    *("keyline_ops/synth.py", ".gitignore"),
)
_FOLDERS = ("constructs", "environments", "lambda_src", "stacks", "systems")
_DERIVED = ("data-model.md", "openapi.json")
"""What `keyline docs` writes beside a system; no synthesis reads it."""
_USER_CONTEXT = ".cdk.json"
"""Context of the user, in the home folder; the CDK merges it with that of the project."""
_PREFIXES = ("CDK_", "JSII_", variables.PREFIX)


def fingerprint(root: Path, variables: Mapping[str, str], home: Path | None = None) -> str:
    """Digest all that the synthesis of an environment depends on.

    The files of the project that the app is made of are digested, and the user's own CDK context.
    So are the Python that runs it, and the environment variables that the CDK or the project reads.
    Where a variable names a file, what is in the file counts too.

    Parameters
    ----------
    home
        The user's home folder; the default is that of who runs this.
    """
    whole = hashlib.sha256(f"{sys.version}\0{root}\0".encode())
    for path in (*_read(root), (home or Path.home()) / _USER_CONTEXT):
        if path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            whole.update(f"{path}\0{content}\n".encode(errors="surrogateescape"))
    for name in sorted(variables):
        if name.startswith(_PREFIXES):
            value = variables[name]
            whole.update(f"{name}={value}\n".encode(errors="surrogateescape"))
            whole.update(_content(value))
    return whole.hexdigest()


def _content(value: str) -> bytes:
    """Return what is in the file that a variable's value names, if it names one."""
    try:
        return Path(value).read_bytes()
    except (OSError, ValueError):
        return b""


def _read(root: Path) -> Iterator[Path]:
    yield from (root / name for name in _FILES)
    for folder in _FOLDERS:
        for base, folders, names in os.walk(root / folder):
            folders[:] = sorted(n for n in folders if n != "__pycache__" and n[0] != ".")
            yield from (Path(base, name) for name in sorted(names) if name not in _DERIVED)
