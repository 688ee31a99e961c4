"""A file counts while its writer holds a lock on it."""

from __future__ import annotations

import fcntl
from pathlib import Path

from keyline_deploy.held_file import read_held


def test_a_file_counts_while_it_is_held(tmp_path: Path) -> None:
    file = tmp_path / "held"
    assert read_held(file) is None
    with file.open("w") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        writer.write("here")
        writer.flush()
        assert read_held(file) == b"here"
    assert file.read_text() == "here"
    assert read_held(file) is None


def test_a_folder_says_nothing(tmp_path: Path) -> None:
    assert read_held(tmp_path) is None
