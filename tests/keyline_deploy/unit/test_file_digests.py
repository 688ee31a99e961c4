"""Digests that are kept are those of the files as they are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from keyline_deploy import file_digests
from keyline_deploy.file_digests import digests, kept_digests


@pytest.fixture
def files(tmp_path: Path) -> Mapping[str, Path]:
    found = {name: tmp_path / name for name in ("a.py", "b.py")}
    for name, path in found.items():
        path.write_text(f"of {name}")
    return found


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "digests.json"


def test_they_are_the_same_as_without_a_record(files: Mapping[str, Path], record: Path) -> None:
    assert kept_digests(files, record) == digests(files)
    assert kept_digests(files, record) == digests(files)


def test_an_unchanged_file_is_not_read_again(
    files: Mapping[str, Path], record: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kept_digests(files, record)
    read: list[Path] = []
    digest = file_digests._digest

    def told(path: Path) -> str:
        read.append(path)
        return digest(path)

    monkeypatch.setattr(file_digests, "_digest", told)
    files["b.py"].write_text("another text")
    after = kept_digests(files, record)
    assert read == [files["b.py"]]
    assert after["a.py"] == before["a.py"]
    assert after["b.py"] == digest(files["b.py"])


def test_a_change_that_keeps_the_size_is_seen(files: Mapping[str, Path], record: Path) -> None:
    before = kept_digests(files, record)
    text = files["a.py"].read_text()
    files["a.py"].write_text(text.upper())
    later = files["b.py"].stat().st_mtime_ns + 1_000
    os.utime(files["a.py"], ns=(later, later))
    assert kept_digests(files, record)["a.py"] == digests(files)["a.py"] != before["a.py"]


def test_a_damaged_record_is_as_good_as_none(files: Mapping[str, Path], record: Path) -> None:
    record.parent.mkdir()
    record.write_text('{"a.py": [1')
    assert kept_digests(files, record) == digests(files)


def test_other_files_of_the_record_are_kept(files: Mapping[str, Path], record: Path) -> None:
    kept_digests(files, record)
    written = record.read_bytes()
    kept_digests({"a.py": files["a.py"]}, record)
    assert record.read_bytes() == written
