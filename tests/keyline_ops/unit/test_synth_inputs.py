"""The digest of what a synthesis reads changes with each of these things, and with nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from keyline_ops.synth_inputs import fingerprint

READ = (
    *("app.py", "cdk.json", "cdk.context.json", "requirements.lock", "requirements.txt"),
    *("constructs/a/b.py", "stacks/base.py", "systems/notes/stacks.py"),
    *("lambda_src/notes/system.py", "lambda_src/requirements.txt", "environments/local.toml"),
    *("package-lock.json", "keyline_ops/synth.py"),
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in READ:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("as it was")
    return tmp_path


def digest(project: Path, variables: Mapping[str, str] | None = None) -> str:
    return fingerprint(project, variables or {}, home=project / "home")


@pytest.mark.parametrize("name", READ)
def test_each_file_that_is_read_counts(project: Path, name: str) -> None:
    before = digest(project)
    (project / name).write_text("changed")
    assert digest(project) != before
    (project / name).write_text("as it was")
    assert digest(project) == before
    (project / name).unlink()
    assert digest(project) != before


def test_a_new_file_counts(project: Path) -> None:
    before = digest(project)
    (project / "systems/notes/alarms.py").write_text("")
    assert digest(project) != before


@pytest.mark.parametrize("name", ["openapi.json", "data-model.md"])
def test_what_is_written_from_the_declaration_does_not_count(project: Path, name: str) -> None:
    before = digest(project)
    (project / "systems/notes" / name).write_text("{}")
    assert digest(project) == before


def test_the_users_own_context_counts(project: Path) -> None:
    before = digest(project)
    (project / "home").mkdir()
    (project / "home" / ".cdk.json").write_text("{}")
    assert digest(project) != before


@pytest.mark.parametrize("name", ["CDK_DEBUG", "KEYLINE_PORTS", "JSII_RUNTIME"])
def test_each_variable_that_is_read_counts(project: Path, name: str) -> None:
    assert digest(project, {name: "a"}) != digest(project)
    assert digest(project, {name: "a"}) != digest(project, {name: "b"})


def test_what_is_in_a_file_that_a_variable_names_counts(project: Path) -> None:
    file = project / "mine.toml"
    variables = {"KEYLINE_FILE": str(file), "KEYLINE_TEXT": "a" * 10_000, "CDK_TEXT": "\0"}
    digests = {digest(project, variables)}
    for text in ("first", "second"):
        file.write_text(text)
        digests.add(digest(project, variables))
    assert len(digests) == 3


def test_nothing_else_counts(project: Path) -> None:
    before = digest(project)
    for name in ("README.md", "tests/test_a.py", "lambda_src/notes/__pycache__/system.pyc"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("new")
    assert digest(project, {"HOME": "/elsewhere", "TERM": "dumb"}) == before
