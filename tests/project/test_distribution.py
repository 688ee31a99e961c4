"""The distribution says its licence, and its libraries say that they are typed."""

from __future__ import annotations

import tomllib
from pathlib import Path


def test_the_licence_of_the_distribution_is_the_one_in_its_file(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license-files"] == ["LICENSE"]
    first_line = (root / "LICENSE").read_text(encoding="utf-8").splitlines()[0]
    assert first_line == f"{project['license']} License"


def test_every_library_says_that_it_is_typed(root: Path) -> None:
    libraries = [root / "lambda_src" / "keyline"]
    libraries += [init.parent for init in sorted(root.glob("constructs/*/__init__.py"))]
    assert len(libraries) > 1
    assert [library.name for library in libraries if not (library / "py.typed").is_file()] == []
