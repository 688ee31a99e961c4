"""A small project to add systems to."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from keyline_deploy import environment


@pytest.fixture
def project(root: Path, tmp_path: Path) -> Path:
    """The files of the project that a new system is added to, without the sections of systems."""
    (tmp_path / "environments").mkdir()
    for name in environment.names():
        text = (root / "environments" / f"{name}.toml").read_text().partition("\n[systems.")[0]
        (tmp_path / "environments" / f"{name}.toml").write_text(text)
    shutil.copyfile(root / "README.md", tmp_path / "README.md")
    return tmp_path
