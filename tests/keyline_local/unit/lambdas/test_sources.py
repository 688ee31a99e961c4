"""Changes of source folders are noticed, and nothing else is."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from keyline_local.lambdas.sources import Sources


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "a.py").write_text("a = 1\n")
    return tmp_path


def same_size_same_second(root: Path) -> None:
    path = root / "pkg" / "a.py"
    status = path.stat()
    path.write_text("a = 2\n")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))


def atomic_replace(root: Path) -> None:
    (root / "draft").write_text("a = 3\n")
    (root / "draft").replace(root / "pkg" / "a.py")


@pytest.mark.parametrize(
    "change",
    [
        same_size_same_second,
        atomic_replace,
        lambda root: (root / "pkg" / "b.py").write_text(""),
        lambda root: (root / "pkg" / "a.py").unlink(),
        lambda root: (
            (root / "new" / "deep").mkdir(parents=True)
            or (root / "new" / "deep" / "c.py").write_text("")
        ),
    ],
    ids=["edit", "replace", "add", "remove", "add in a new folder"],
)
def test_change_is_seen_until_it_is_accepted(root: Path, change: Callable[[Path], object]) -> None:
    sources = Sources([root])
    assert not sources.changed()
    change(root)
    assert sources.changed()
    assert sources.changed()
    sources.accept(sources.scan())
    assert not sources.changed()


def test_bytecode_and_editor_files_are_no_change(root: Path) -> None:
    sources = Sources([root])
    (root / "pkg" / "__pycache__").mkdir()
    (root / "pkg" / "__pycache__" / "a.cpython-311.pyc").write_bytes(b"x")
    (root / "pkg" / ".a.py.swp").write_text("")
    assert not sources.changed()
    (root / "pkg" / "a.py").write_text("a = 22\n")
    assert sources.changed()


def test_single_file_root(root: Path) -> None:
    sources = Sources([root / "pkg" / "a.py"])
    (root / "pkg" / "b.py").write_text("")
    assert not sources.changed()
    (root / "pkg" / "a.py").write_text("a = 22\n")
    assert sources.changed()
