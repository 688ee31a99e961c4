"""Test what a bundle carries of our own packages: nothing that lies there by accident."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import bundler
from keyline.model import Function
from keyline_deploy import bundling
from keyline_deploy.bundling import Target
from keyline_deploy.file_digests import digests
from keyline_deploy.source_files import Found, source_files
from keyline_deploy.systems import systems

CARRIED = {
    "notes/__init__.py",
    "notes/handlers/read.py",
    "notes/data/prices.json",
    "notes/data/a.txt",
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package with a handler and data."""
    folder = tmp_path / "project" / "lambda_src" / "notes"
    for name in CARRIED:
        write(folder.parent / name)
    return folder


def write(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def in_git(folder: Path, *args: str) -> None:
    subprocess.run(["git", *args], cwd=folder, check=True, capture_output=True)


LEFT_OUT = [
    *(".env", "handlers/.env.local", ".#read.py", "#read.py#", "read.py~", ".read.py.swp"),
    *("tables.py.orig", "handlers/tables.py.rej", "read.py.swo", "data/prices.json.bak"),
]


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_lies_there_by_accident_is_left_out_and_named(package: Path, name: str) -> None:
    write(package / name)
    assert source_files(package) == Found(
        {name: package.parent / name for name in sorted(CARRIED)}, (f"notes/{name}",)
    )


@pytest.mark.parametrize(
    "name", [".git/config", ".venv/a.py", "test/helper.py", "tests/test_a.py", "data/tests/a.json"]
)
def test_a_folder_that_is_left_out_is_named_once(package: Path, name: str) -> None:
    write(package / name)
    found = source_files(package)
    assert set(found.carried) == CARRIED
    assert found.left_out == (f"notes/{name.rpartition('/')[0]}/",)


@pytest.mark.parametrize(
    "name",
    [
        *("__pycache__/a.cpython-313.pyc", "data/__pycache__/b.pyc", "a.pyc", ".DS_Store"),
        *("requirements.txt", "requirements-similarity.txt", ".mypy_cache/a.json", ".gitignore"),
    ],
)
def test_caches_are_left_out_without_a_word(package: Path, name: str) -> None:
    write(package / name)
    found = source_files(package)
    assert (set(found.carried), found.left_out) == (CARRIED, ())


@pytest.mark.parametrize(
    "name", ["data/requirements.txt", "data/x.h", "types.pyi", "data/test", "testing/a.py", "a b"]
)
def test_data_is_carried_whatever_its_name_ends_with(package: Path, name: str) -> None:
    write(package / name)
    found = source_files(package)
    assert (set(found.carried), found.left_out) == ({*CARRIED, f"notes/{name}"}, ())


def test_links_to_folders_and_what_is_not_a_file_are_named(package: Path, tmp_path: Path) -> None:
    write(tmp_path / "elsewhere/a.json")
    (package / "data" / "linked").symlink_to(tmp_path / "elsewhere")
    (package / "nowhere").symlink_to(tmp_path / "nowhere")
    os.mkfifo(package / "pipe")
    (package / "data" / "file.json").symlink_to(tmp_path / "elsewhere" / "a.json")
    found = source_files(package)
    assert set(found.carried) == {*CARRIED, "notes/data/file.json"}
    assert found.left_out == ("notes/nowhere", "notes/pipe", "notes/data/linked/")


def test_a_name_that_is_not_utf_8_is_left_out_and_can_be_printed(package: Path) -> None:
    (package / os.fsdecode(b"data/\xff.txt")).touch()
    found = source_files(package)
    assert (set(found.carried), found.left_out) == (CARRIED, ("notes/data/\\udcff.txt",))


class TestGit:
    def test_what_a_submodule_ignores_is_left_out(self, package: Path) -> None:
        project, inner = package.parents[1], package / "vendored"
        write(inner / "lib.py")
        write(inner / "local.json")
        write(inner / ".gitignore", "local.json\n")
        in_git(inner, "init", "--quiet")
        in_git(project, "init", "--quiet")
        found = source_files(package)
        assert set(found.carried) == {*CARRIED, "notes/vendored/lib.py"}
        assert set(found.left_out) == {"notes/vendored/.git/", "notes/vendored/local.json"}

    def test_what_the_project_ignores_is_left_out_and_what_git_tracks_is_carried(
        self, package: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        project = package.parents[1]
        write(project / ".gitignore", "*.secret\n/lambda_src/notes/build/\n")
        write(package / "data" / ".gitignore", "local.json\n")
        for name in ("k.secret", "kept.secret", "build/a.py", "data/local.json", "new.py"):
            write(package / name)
        in_git(project, "init", "--quiet")
        in_git(project, "add", "--force", "lambda_src/notes/kept.secret")
        monkeypatch.setenv("GIT_DIR", "/nowhere")  # as a hook of another project has it

        found = source_files(package)

        assert set(found.carried) == {*CARRIED, "notes/kept.secret", "notes/new.py"}
        assert set(found.left_out) == {"notes/k.secret", "notes/build/", "notes/data/local.json"}

    def test_a_developer_s_own_ignore_file_has_no_say(self, package: Path) -> None:
        project = package.parents[1]
        in_git(project, "init", "--quiet")
        write(project / ".git/info/exclude", "*.json\n")
        write(project / "ignored", "*.txt\n")
        in_git(project, "config", "core.excludesFile", str(project / "ignored"))
        assert set(source_files(package).carried) == CARRIED

    def test_a_project_that_another_ignores_as_a_whole_is_carried(self, package: Path) -> None:
        above = package.parents[2]
        write(above / ".gitignore", "project/\n")
        in_git(above, "init", "--quiet")
        assert set(source_files(package).carried) == CARRIED

    def test_without_git_the_other_rules_hold(
        self, package: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        in_git(package, "init", "--quiet")
        write(package / ".gitignore", "*.json\n")
        write(package / ".env")
        monkeypatch.setenv("PATH", "/nowhere")
        found = source_files(package)
        assert set(found.carried) == CARRIED
        assert set(found.left_out) == {"notes/.env", "notes/.git/"}


NAMES = st.text("ab.~#_", min_size=1, max_size=6).filter(lambda name: name not in (".", ".."))
FILES = st.lists(st.lists(NAMES | st.sampled_from(["tests", "x.orig"]), min_size=1, max_size=3))


@settings(deadline=None, max_examples=40)
@given(FILES)
def test_a_file_is_carried_or_named_and_never_both(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[str]]
) -> None:
    package = tmp_path_factory.mktemp("made") / "notes"
    package.mkdir()
    for parts in files:
        path = package.joinpath(*parts)
        if not path.exists() and not any(p.is_file() for p in path.parents):
            write(path)
    found = source_files(package)
    for file in (path for path in package.rglob("*") if path.is_file()):
        name = file.relative_to(package.parent).as_posix()
        is_named = any(f"{name}/".startswith(f"{left.rstrip('/')}/") for left in found.left_out)
        assert (name in found.carried) is not is_named
        if name in found.carried:
            assert not any(part.startswith(".") for part in file.relative_to(package).parts)


def test_a_digest_and_a_refresh_know_nothing_of_what_is_left_out(
    package: Path, tmp_path: Path
) -> None:
    made = tmp_path / "bundle"
    bundling.refresh(made, [package])
    digest = bundling._digest(digests(source_files(package).carried))
    for name in LEFT_OUT:
        write(package / name)
    write(package / "types.pyi")
    assert bundling.refresh(made, [package]) is True
    assert bundling.refresh(made, [package]) is False
    assert not list(made.rglob("*.orig"))
    (package / "types.pyi").unlink()
    assert bundling._digest(digests(source_files(package).carried)) == digest


def test_what_is_left_out_is_said_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def bundle(*_: object, services: tuple[str, ...], **__: object) -> bundling.Bundle:
        return bundling.Bundle(tmp_path, "", (), ("keyline/.env", f"{len(services)}.orig"))

    monkeypatch.setattr("app.bundle", bundle)
    put_together = bundler(Target.HOST)
    for services in ((), (), ("s3",)):
        put_together(systems()[0], Function(name="f", handler="f.h", why="w", services=services))
    assert capsys.readouterr().err == (
        f"bundle of {systems()[0].name}: left out keyline/.env, 2.orig\n"
        f"bundle of {systems()[0].name}: left out 3.orig\n"
    )


def test_that_there_is_no_byte_code_is_said_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = bundling.Bundle(tmp_path, "", (), has_byte_code=False)
    monkeypatch.setattr("app.bundle", lambda *_, services, **__: made)
    put_together = bundler(Target.LAMBDA)
    for services in ((), ("s3",)):
        put_together(systems()[0], Function(name="f", handler="f.h", why="w", services=services))
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("bundles have no byte code, so functions start slower")
    assert "make setup" in line
