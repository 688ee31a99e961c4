"""A copy of the project that a test may change, with its tools linked: nothing is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.tracked import tracked_files

_LINKED = (".venv", "node_modules", ".keyline/bundle", ".keyline/redis", ".keyline/emulator")
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
            **os.environ,
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

    def changed(self) -> list[str]:
        """The files that differ from the project, as git names them."""
        listed = self.run("git", "status", "--porcelain", "--untracked-files=all")
        assert listed.returncode == 0, listed.stderr
        return sorted(line[3:] for line in listed.stdout.splitlines())


def project_copy(root: Path, folder: Path) -> ProjectCopy:
    """Copy the project to a folder that does not exist."""
    for file in tracked_files(root):
        copy = folder / file.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
        shutil.copymode(file, copy)
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
