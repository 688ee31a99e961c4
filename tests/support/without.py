"""A copy of the project from which one system is deleted: `python -m tests.support.without SYSTEM`.

Run by hand, it synthesizes every environment of the copy, checks its types and its style, and runs
its tests. Arguments after the system's name go to pytest.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import cache_from_source
from pathlib import Path

from keyline_deploy import environment
from keyline_deploy.project import ROOT, WORK
from keyline_deploy.systems import names
from tests.support.inner_pytest import outer_environment
from tests.support.project_copy import remove_system
from tests.support.tracked import tracked_files

_SHARED = ("bundle", "emulator", "redis")
"""What set-up makes in `.keyline` and a copy can use as it is."""
_PATHS = "_keyline.pth"
"""The file of the virtual environment that names the project's source roots."""


def copy_without(system: str, copy: Path) -> Path:
    """Copy the project's files, delete a system from the copy, and make the copy ready to run."""
    for file in project_files():
        (copy / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / file, copy / file)
        _copy_byte_code(file, copy)
    remove_system(copy, system)
    _link_what_is_installed(copy)
    for command in (["init", "--quiet"], ["add", "."]):
        subprocess.run(["git", *command], cwd=copy, check=True)
    return copy


def environ(copy: Path) -> Mapping[str, str]:
    """Return the environment variables of a command in a copy."""
    path = f"{copy / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return {**outer_environment(), "PATH": path, "VIRTUAL_ENV": str(copy / ".venv")}


def python(copy: Path) -> str:
    """Return the path of a copy's Python."""
    return str(copy / ".venv" / "bin" / "python")


def project_files(root: Path = ROOT) -> Iterator[Path]:
    """Yield the files that git has or may take, relative to the project."""
    for file in tracked_files(root):
        yield file.relative_to(root)


def _copy_byte_code(file: Path, copy: Path) -> None:
    """Copy what Python has compiled of a module; it holds as long as the module's time does."""
    compiled = Path(cache_from_source(str(file)))
    if file.suffix == ".py" and (ROOT / compiled).exists():
        (copy / compiled).parent.mkdir(exist_ok=True)
        shutil.copy2(ROOT / compiled, copy / compiled)


def _link_what_is_installed(copy: Path) -> None:
    """Give a copy the project's packages in an environment that has the copy's source roots."""
    (copy / "node_modules").symlink_to(ROOT / "node_modules")
    (copy / WORK.name).mkdir()
    for name in _SHARED:
        (copy / WORK.name / name).symlink_to(WORK / name)
    installed, own = Path(sys.prefix), copy / ".venv"
    packages = Path(sysconfig.get_path("purelib")).relative_to(installed)
    for folder in ("bin", packages):
        (own / folder).mkdir(parents=True)
        for entry in (installed / folder).iterdir():
            if entry.name not in (_PATHS, "__pycache__"):
                (own / folder / entry.name).symlink_to(entry)
    shutil.copy(installed / "pyvenv.cfg", own)
    roots = [copy, copy / "constructs", copy / "lambda_src"]
    (own / packages / _PATHS).write_text("".join(f"{root}\n" for root in roots))


def _checks(copy: Path, pytest_options: Sequence[str]) -> Iterator[list[str]]:
    for name in environment.names():
        out = str(copy / "cdk.out" / name)
        yield ["cdk", "synth", "--quiet", "-c", f"env={name}", "--output", out]
    tool = [python(copy), "-m"]
    yield [*tool, "mypy", "."]
    yield [*tool, "ruff", "check", "."]
    yield [*tool, "ruff", "format", "--check", "."]
    yield [*tool, "pytest", *(pytest_options or ["tests"])]


def main() -> int:
    """Check a copy without the system that the command line names."""
    system, *pytest_options = sys.argv[1:] or [""]
    if system not in names():
        print(f"Name one of the systems: {', '.join(names())}.", file=sys.stderr)
        return 2
    copy = WORK / "without" / system
    shutil.rmtree(copy, ignore_errors=True)
    copy_without(system, copy)
    failed = []
    for command in _checks(copy, pytest_options):
        print("$", *command, flush=True)
        if subprocess.run(command, cwd=copy, env=environ(copy)).returncode:
            failed.append(" ".join(command))
    print("\n".join(["Failed:", *failed]) if failed else f"The project stands without {system}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
