"""Byte code for Lambda: of its Python, the same on every machine, and made once."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import pytest

from keyline_deploy import byte_code as module
from keyline_deploy.byte_code import ByteCodeError, byte_code, compiler

MAGIC = (3571).to_bytes(2, "little") + b"\r\n"
"""What byte code of Python 3.13 begins with."""
UNCHECKED = (1).to_bytes(4, "little")
"""That it is bound to its source by a hash, which is not compared (PEP 552)."""
SOURCES = {
    "pack/__init__.py": "",
    "pack/more.py": "NAMES = {'a', 'b', 'c'}\ndef f(x): return x in {'d', 'e', 'f', 1.5, 'a b'}\n",
    "pack/broken.py": "def f(:\n",
    "pack/data.txt": "text",
    "top.py": "print('ä')\n",
}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    found = {}
    for name, text in SOURCES.items():
        found[name] = tmp_path / "sources" / name
        found[name].parent.mkdir(parents=True, exist_ok=True)
        found[name].write_text(text, encoding="utf-8")
    return found


def compiled(files: dict[str, Path], cache: Path) -> dict[str, Path]:
    digests = {name: hashlib.sha256(p.read_bytes()).hexdigest() for name, p in files.items()}
    return byte_code(files, digests, python="3.13", cache=cache)


def contents(made: dict[str, Path]) -> dict[str, bytes]:
    return {name: path.read_bytes() for name, path in made.items()}


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many sources each run of the compiler got."""
    made: list[int] = []
    run = module._run

    def count(by: str, jobs: Path) -> str:
        made.append(jobs.read_text(encoding="utf-8").count("/var/task/"))
        return run(by, jobs)

    monkeypatch.setattr(module, "_run", count)
    return made


def test_it_is_of_lambda_s_python_and_the_same_each_time(
    files: dict[str, Path], tmp_path: Path, runs: list[int]
) -> None:
    # When all is compiled
    made = compiled(files, tmp_path / "cache")

    # Then there is byte code of each module that can be compiled
    assert list(made) == [
        "pack/__pycache__/__init__.cpython-313.pyc",
        "pack/__pycache__/more.cpython-313.pyc",
        "__pycache__/top.cpython-313.pyc",
    ]
    assert {content[:8] for content in contents(made).values()} == {MAGIC + UNCHECKED}
    more = contents(made)["pack/__pycache__/more.cpython-313.pyc"]
    assert b"/var/task/pack/more.py" in more
    assert str(tmp_path).encode() not in b"".join(contents(made).values())

    # And what was compiled is not compiled again, nor what could not be
    assert compiled(files, tmp_path / "cache") == made

    # And it does not depend on what else is compiled
    made["pack/__pycache__/more.cpython-313.pyc"].unlink()
    files["top.py"].write_text("print('o')\n", encoding="utf-8")
    edited = compiled(files, tmp_path / "cache")
    assert runs == [4, 2]
    assert contents(edited)["pack/__pycache__/more.cpython-313.pyc"] == more
    assert edited["__pycache__/top.cpython-313.pyc"] != made["__pycache__/top.cpython-313.pyc"]
    assert not list((tmp_path / "cache").glob(".new-*"))


def test_without_a_compiler_there_is_none(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PACKAGE", tmp_path / "pyodide" / "package.json")
    assert compiler() is None
    assert compiled(files, tmp_path / "cache") == {}


def test_byte_code_of_another_python_is_refused(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_run", lambda *_: "3.14.0")
    with pytest.raises(ByteCodeError, match=r"is Python 3\.14\.0.*one of 3\.13"):
        compiled(files, tmp_path / "cache")


def test_a_compiler_that_fails_is_told_with_its_reason(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "the reason")

    monkeypatch.setattr("keyline_deploy.byte_code.subprocess.run", fail)
    with pytest.raises(ByteCodeError, match=r"(?s)could not compile.*make setup.*the reason"):
        compiled(files, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []
