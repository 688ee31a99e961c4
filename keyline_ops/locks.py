"""Write the lock of each file of requirements: all that it brings, with the hashes of each file.

A `requirements.txt` names what we chose. The `requirements.lock` beside it has what comes with
that, for each Python and platform that we support, so that pip installs what was tested, and
nothing else. `make lock` runs this after a deliberate update. A version that is locked stays.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = ROOT / ".keyline" / "locking" / "bin" / "uv"
OLDEST_PYTHON = "3.11"

_OPTIONS = ("--universal", "--generate-hashes", "--no-header", "--no-annotate", "--quiet")
_OTHERS = (
    *(".ci/build.txt", ".ci/lock.txt", ".ci/redis.txt", ".ci/security.txt"),
    *("benchmarks/requirements.txt", "benchmarks/requirements-aiobotocore.txt"),
    *("distributions/requirements.txt", "docs/requirements.txt"),
    "tests/support/deploy/requirements.txt",
)
_NEWER = {"docs/requirements.txt": "3.11.5"}
"""Files of which a package needs a later Python than the oldest that we support."""
_BENCHMARKS = ROOT / "benchmarks" / "requirements.lock"
_ALONE = {".ci/redis.txt", "lambda_src/requirements-dax.txt"}
"""Files whose packages are taken without what they bring."""


def main() -> None:
    """Write all locks: first the one of the project, whose versions hold for the bundles.

    What is installed beside the project has the same versions, so that it replaces nothing.
    """
    locks = locks_of(ROOT)
    project = next(iter(locks))
    for lock, sources in locks.items():
        beside = lock.is_relative_to(ROOT / "lambda_src") or lock == _BENCHMARKS
        _write(lock, sources, [project] if beside else [])
        print(f"{lock.relative_to(ROOT)}: {len(pins(lock.read_text(encoding='utf-8')))} packages")


def locks_of(root: Path) -> dict[Path, list[Path]]:
    """Return each lock, with the files of requirements that it is made from."""
    of_bundles = sorted((root / "lambda_src").glob("**/requirements*.txt"))
    alone = [*of_bundles, *(root / name for name in _OTHERS)]
    locks = {root / "requirements.lock": [root / "requirements.txt", *of_bundles]}
    return locks | {path.with_suffix(".lock"): [path] for path in alone}


def digest(sources: Sequence[Path]) -> str:
    """Return a hash of files, which tells whether their lock is out of date."""
    texts = (path.read_text(encoding="utf-8") for path in sources)
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def head(sources: Sequence[Path], root: Path = ROOT) -> str:
    """Return the first lines of a lock."""
    names = ", ".join(path.relative_to(root).as_posix() for path in sources)
    return f"# Written by `make lock`; not edited by hand. Of {names}:\n# {digest(sources)}\n"


def pins(text: str) -> dict[str, list[str]]:
    """Return the packages of a lock, each with its versions and their markers: `1.2 ; marker`."""
    found: dict[str, list[str]] = {}
    pinned = re.findall(r"^([a-z0-9.-]+)==([^\s\\]+(?: ; [^\\\n]+)?)", text, re.MULTILINE)
    for name, version in pinned:
        found.setdefault(name, []).append(version.strip())
    return found


def _write(lock: Path, sources: Sequence[Path], constraints: Sequence[Path]) -> None:
    name = sources[0].relative_to(ROOT).as_posix()
    limits = [word for path in constraints for word in ("--constraint", str(path))]
    python = _NEWER.get(name, OLDEST_PYTHON)
    command = [
        *(str(UV), "pip", "compile", *_OPTIONS, "--python-version", python),
        *(["--no-deps"] if name in _ALONE else []),
        *(*limits, "--output-file", str(lock), *map(str, sources)),
    ]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **_index()}, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(f"{lock.relative_to(ROOT)}: cannot be written.\n{done.stderr}")
    lock.write_text(head(sources) + lock.read_text(encoding="utf-8"), encoding="utf-8")


def _index() -> dict[str, str]:
    """Return the index that pip uses, for uv, which does not read pip's settings.

    For pip a variable comes before its files, and there the section of the command before the
    common one.
    """
    command = [sys.executable, "-m", "pip", "config", "list"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = dict(re.findall(r"^(\S+)\.index[-_]url='([^']+)'", told, re.MULTILINE))
    named = [found[section] for section in (":env:", "install", "global") if section in found]
    return {"UV_DEFAULT_INDEX": named[0]} if named else {}


if __name__ == "__main__":
    main()
