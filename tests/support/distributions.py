"""The metadata of the distributions, and an environment in which they are installed."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from keyline_deploy.project import ROOT
from tests.support.inner_pytest import outer_environment

FOLDER = ROOT / "distributions"
_FILE = re.compile(r"`(\w+\.py)`[^`\n]*:\n\n```python\n(.*?)```", re.S)


@dataclass(frozen=True)
class Distribution:
    """A distribution as its files in `distributions` say it."""

    name: str

    @cached_property
    def project(self) -> dict[str, Any]:
        """The table `project` of its metadata."""
        text = (FOLDER / self.name / "pyproject.toml").read_text(encoding="utf-8")
        project: dict[str, Any] = tomllib.loads(text)["project"]
        return project

    @cached_property
    def requirements(self) -> dict[str, Requirement]:
        """The names of what it requires, its extras and our other distributions included."""
        extras = self.project.get("optional-dependencies", {}).values()
        lines = [*self.project["dependencies"], *(line for extra in extras for line in extra)]
        found = [Requirement(line) for line in lines]
        return {canonicalize_name(requirement.name): requirement for requirement in found}

    @cached_property
    def example(self) -> dict[str, str]:
        """The files that its README shows, by their names."""
        text = (FOLDER / self.name / "README.md").read_text(encoding="utf-8")
        return dict(_FILE.findall(text))


@dataclass(frozen=True)
class Installed:
    """An environment without this project, in which the distributions are installed.

    Other packages are those of this project's environment: nothing is fetched.
    """

    folder: Path

    @classmethod
    def of(cls, wheels: list[Path], folder: Path) -> Installed:
        """Make an empty environment, and install wheels into it as pip does."""
        venv.create(folder, with_pip=False, symlinks=True)
        made = cls(folder)
        made.install(wheels)
        libraries = sysconfig.get_path("purelib")
        (made.packages / "libraries.pth").write_text(f"{libraries}\n", encoding="utf-8")
        return made

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def packages(self) -> Path:
        """Its site-packages."""
        (found,) = self.folder.glob("lib/python*/site-packages")
        return found

    def install(self, wheels: list[Path], *options: str) -> None:
        """Install wheels, and nothing that they require."""
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), "install", "--quiet"]
        subprocess.run([*pip, "--no-index", "--no-deps", *options, *map(str, wheels)], check=True)

    def run(self, *arguments: str, cwd: Path, **variables: str) -> str:
        """Run its Python, and return what it printed.

        Raises
        ------
        AssertionError
            If it failed; the message has all that it printed.
        """
        done = subprocess.run(
            [str(self.python), *arguments],
            cwd=cwd,
            env={**outer_environment(), "PYTHONPATH": "", **variables},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout
