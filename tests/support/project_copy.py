"""A copy of the project that a test may change, with its tools linked: nothing is installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.inner_pytest import outer_environment
from tests.support.tracked import tracked_files

_LINKED = (
    *(".venv", "node_modules"),
    *(".keyline/bundle", ".keyline/byte-code", ".keyline/redis"),
    *(".keyline/emulator", ".keyline/packaging"),
)
_GIT = ("git", "-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "gc.auto=0")


@dataclass(frozen=True)
class ProjectCopy:
    """A copy of the project, committed in a repository of its own.

    Attributes
    ----------
    root
        Its folder.
    """

    root: Path

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which commands of the copy run with the copy's code."""
        roots = (self.root, self.root / "constructs", self.root / "lambda_src")
        tools = f"{self.root / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return {
            **outer_environment(),
            "PYTHONPATH": os.pathsep.join(map(str, roots)),
            "PATH": tools,
            "VIRTUAL_ENV": str(self.root / ".venv"),
        }

    def run(
        self, *command: str, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the copy."""
        return subprocess.run(
            command,
            cwd=self.root,
            env={**self.environment, **(variables or {})},
            capture_output=True,
            text=True,
            check=False,
        )

    def keyline(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the `keyline` command."""
        return self.run(".venv/bin/python", "-m", "keyline_ops.cli", *arguments)

    def committed(self) -> str:
        """Return the name of the last commit."""
        return self.run("git", "rev-parse", "HEAD").stdout.strip()

    def differs_from(self, commit: str) -> list[str]:
        """Return the files that are not as a commit has them."""
        added = self.run("git", "add", "--all")
        assert added.returncode == 0, added.stderr
        return self.run("git", "diff", "--cached", "--name-only", commit).stdout.splitlines()


FOLDERS = ("lambda_src", "systems", "tests/systems")
"""Where each system has a folder."""


def remove_system(root: Path, system: str) -> None:
    """Delete what a system has: folders, benchmarks, sections, its line in the README."""
    for place in FOLDERS:
        shutil.rmtree(root / place / system, ignore_errors=True)
    for file in (root / "benchmarks").glob(f"{system}_*.py"):
        file.unlink()
    for file in (root / "environments").glob("*.toml"):
        _edit(file, rf"\n\[systems\.{system}\]\n(?:[^\[\n].*\n)*")
        _edit(file, rf"^(?:# )?{system} = .*\n")
    _edit(root / "README.md", rf"^\| \[{system}\]\(systems/{system}/README\.md\).*\n")


def _edit(file: Path, unwanted: str) -> None:
    file.write_text(re.sub(unwanted, "", file.read_text(), flags=re.MULTILINE))


def project_copy(root: Path, folder: Path, *, without: str) -> ProjectCopy:
    """Copy the project, but one system, to a folder that does not exist."""
    for file in tracked_files(root):
        copy = folder / file.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
        shutil.copymode(file, copy)
    remove_system(folder, without)
    (folder / ".keyline").mkdir()
    for name in _LINKED:
        if (root / name).exists():
            (folder / name).symlink_to(root / name)
    exclude = "".join(f"/{name}\n" for name in _LINKED)
    for command in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "-m", "copy")):
        if command[0] == "add":
            (folder / ".git" / "info" / "exclude").write_text(exclude)
        subprocess.run([*_GIT, *command], cwd=folder, check=True)
    return ProjectCopy(folder)
