"""Build what other teams install: three distributions, from the sources of this project.

`distributions/<name>` has the metadata and the README of each. Here they get the packages, the
licence and the version, in folders of their own, from which `python -m build` makes an sdist and
of it a wheel. `make dist` runs it; nothing is fetched.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from keyline_deploy.project import ROOT, WORK

DISTRIBUTIONS = ROOT / "distributions"
BUILD_PYTHON = WORK / "packaging" / "bin" / "python"
"""The Python that has build, twine and hatchling; set-up makes it."""

PACKAGES = {
    "keyline": ("lambda_src/keyline",),
    "keyline-cdk": ("constructs/keyline_cdk", "constructs/keyline_deploy"),
    "keyline-ops": ("keyline_ops", "keyline_local"),
}
"""The packages of each distribution, from the root of the project."""

_VERSION = "0.dev0"
"""What stands in the metadata for the version of the project, which has its place in pyproject."""
_NOT_CARRIED = shutil.ignore_patterns("__pycache__", "*.pyc")


def main() -> None:
    """Build and check the distributions."""
    parser = argparse.ArgumentParser(description="Build and check the distributions.")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where they are written")
    build(parser.parse_args().out)


def build(out: Path) -> list[Path]:
    """Build and check the distributions, and return their files.

    Raises
    ------
    subprocess.CalledProcessError
        If one cannot be built, or twine finds a fault in its metadata or its README.
    """
    shutil.rmtree(out, ignore_errors=True)
    with tempfile.TemporaryDirectory() as scratch:
        for name in PACKAGES:
            folder = stage(name, Path(scratch) / name)
            _run("build", "--no-isolation", "--outdir", str(out.resolve()), str(folder))
    files = sorted(out.iterdir())
    _run("twine", "check", "--strict", *map(str, files))
    return files


def stage(name: str, folder: Path) -> Path:
    """Put a distribution together in a folder, as a project of its own."""
    folder.mkdir(parents=True)
    for package in PACKAGES[name]:
        source = ROOT / package
        shutil.copytree(source, folder / "src" / source.name, ignore=_NOT_CARRIED)
    shutil.copy(ROOT / "LICENSE", folder)
    shutil.copy(DISTRIBUTIONS / name / "README.md", folder)
    metadata = (DISTRIBUTIONS / name / "pyproject.toml").read_text(encoding="utf-8")
    (folder / "pyproject.toml").write_text(metadata.replace(_VERSION, version()), encoding="utf-8")
    return folder


def version() -> str:
    """Return the version of the project, which all distributions have."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])


def _run(module: str, *arguments: str) -> None:
    if not BUILD_PYTHON.exists():
        sys.exit(f"{BUILD_PYTHON.relative_to(ROOT)} is missing. Run `make setup-tests`.")
    command = [str(BUILD_PYTHON), "-m", module, *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        print(done.stdout, done.stderr, sep="\n", file=sys.stderr)
        done.check_returncode()


if __name__ == "__main__":
    main()
