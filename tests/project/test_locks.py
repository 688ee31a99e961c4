"""Locks: each file of requirements has one of its own, and pip installs no file of another hash."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from keyline_ops import setup_project
from keyline_ops.locks import _index, digest, locks_of, pins
from tests.support.tracked import tracked_files

LOCK = re.compile(
    r"[a-z0-9.-]+==[^\s\\]+(?: ; [^\\\n]+)?(?: \\\n    --hash=sha256:[0-9a-f]{64})+\n"
)


def test_each_file_of_requirements_has_a_lock(root: Path) -> None:
    sources = {source for sources in locks_of(root).values() for source in sources}
    files = {
        file
        for file in tracked_files(root)
        if re.fullmatch(r"requirements[\w-]*\.txt", file.name) or file.parent.name == ".ci"
        if file.suffix == ".txt" and not file.is_relative_to(root / "examples")
    }
    assert files == sources
    assert {file for file in tracked_files(root) if file.suffix == ".lock"} == {*locks_of(root)}


def test_each_lock_is_of_its_requirements_as_they_are(root: Path) -> None:
    for lock, sources in locks_of(root).items():
        text = lock.read_text()
        assert f"# {digest(sources)}\n" in text, f"{lock}: `make lock` was not run"
        for source in sources:
            for line in source.read_text().splitlines():
                if line and line[0] not in "#-":
                    wanted = Requirement(line.partition("#")[0])
                    pinned = pins(text)[canonicalize_name(wanted.name)]
                    versions = {version.partition(" ")[0] for version in pinned}
                    assert str(wanted.specifier).removeprefix("==") in versions, (lock, line)


def test_a_lock_has_hashes_alone_and_names_no_index(root: Path) -> None:
    for lock in locks_of(root):
        text = re.sub(r"^#.*\n", "", lock.read_text(), flags=re.MULTILINE)
        assert LOCK.sub("", text) == "", lock
        assert "://" not in text


def test_a_bundle_has_the_versions_that_are_tested(root: Path) -> None:
    whole, *others = locks_of(root)
    tested = pins(whole.read_text())
    for lock in others:
        if lock.is_relative_to(root / "lambda_src"):
            for name, pinned in pins(lock.read_text()).items():
                assert {*pinned} <= {*tested[name]}, (lock, name)


def test_what_benchmarks_install_beside_the_project_replaces_nothing_of_it(root: Path) -> None:
    tested = pins((root / "requirements.lock").read_text())
    beside = pins((root / "benchmarks/requirements.lock").read_text())
    shared = tested.keys() & beside.keys()
    assert "botocore" in shared
    for name in shared:
        assert {*beside[name]} <= {*tested[name]}, name


def test_what_is_installed_is_what_is_locked(root: Path) -> None:
    for name, pinned in pins((root / "requirements.lock").read_text()).items():
        for locked in pinned:
            version, _, marker = locked.partition(" ; ")
            needed = Requirement(f"{name}=={version}{f' ; {marker}' if marker else ''}").marker
            if needed is None or needed.evaluate():
                assert distribution(name).version.partition("+")[0] == version


def test_a_package_with_two_markers_has_two_pins() -> None:
    hashed = " \\\n    --hash=sha256:00\n"
    old, new = "1.0 ; python_full_version < '3.12'", "2.0 ; python_full_version >= '3.12'"
    text = f"a=={old}{hashed}a=={new}{hashed}b==3.0{hashed}"
    assert pins(text) == {"a": [old, new], "b": ["3.0"]}


@pytest.mark.parametrize("variable", [None, "https://variable.example/simple"])
@pytest.mark.parametrize("section", ["global", "install"])
def test_the_index_is_that_of_pip(
    section: str, variable: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "pip.conf"
    file.write_text(f"[{section}]\nindex_url = https://file.example/simple\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    if variable:
        monkeypatch.setenv("PIP_INDEX_URL", variable)
    assert _index() == {"UV_DEFAULT_INDEX": variable or "https://file.example/simple"}


def test_set_up_installs_by_hashes_alone(root: Path) -> None:
    """Each pip of set-up, of the bundles and of the Makefile has --require-hashes."""
    calls = re.findall(
        r"pip\(\"(?:install|download)\"\).*", Path(setup_project.__file__).read_text()
    )
    assert len(calls) == 4
    assert [call for call in calls if "hashed(" not in call and "--editable" not in call] == []
    for file in ("constructs/keyline_deploy/bundling.py", "Makefile"):
        text = (root / file).read_text()
        assert text.count("pip install") + text.count('"pip", "install"') > 0
        assert text.count("--require-hashes") == text.count("pip install") + text.count(
            '"pip", "install"'
        )


@pytest.mark.parametrize("right", [True, False])
def test_pip_refuses_a_file_of_another_hash(right: bool, tmp_path: Path) -> None:
    wheel = tmp_path / "thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("thing.py", "")
        archive.writestr("thing-1.0.dist-info/METADATA", "Name: thing\nVersion: 1.0\n")
        archive.writestr("thing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("thing-1.0.dist-info/RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes() if right else b"").hexdigest()
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"thing==1.0 \\\n    --hash=sha256:{digest}\n")
    options = ["--no-index", "--find-links", str(tmp_path), "--target", str(tmp_path / "out")]
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        *options,
        "--require-hashes",
        "-r",
        str(lock),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode == 0) == right, done.stderr
    assert ("DO NOT MATCH THE HASHES" in done.stderr) != right
