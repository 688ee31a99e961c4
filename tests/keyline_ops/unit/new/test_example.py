"""The example in examples/notes is what `keyline new notes` writes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.support.notes_example import FOLDER, write
from tests.support.tracked import tracked_files


def contents(folder: Path, files: list[Path]) -> Mapping[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in files}


def test_the_example_is_what_the_command_writes(root: Path, tmp_path: Path) -> None:
    write(tmp_path)
    written = [file for file in tmp_path.rglob("*") if file.is_file() and file.suffix != ".pyc"]
    kept = [file for file in tracked_files(root) if file.is_relative_to(FOLDER)]
    advice = "run `.venv/bin/python -m tests.support.notes_example`"
    assert contents(FOLDER, kept) == contents(tmp_path, written), advice
