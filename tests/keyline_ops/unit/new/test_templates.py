"""Test that what is rendered is formatted, and fits the linter whatever the names are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from keyline_ops.new import templates
from keyline_ops.new.words import MAX_NAME, Words, words_of

LONGEST = "abcdefghij_abcdefghi"
LONGEST_ITEM = "item_of_the_longest0"


def lint(words: Words, root: Path, folder: Path) -> str:
    """Return what ruff says of a system's files, as if they lay in the project."""
    for path, text in templates.rendered(words).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    roots = [base / part for base in (folder, root) for part in ("", "constructs", "lambda_src")]
    (folder / "pyproject.toml").write_bytes((root / "pyproject.toml").read_bytes())
    sources = f"src = {[str(place) for place in roots]}"
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--config", sources, "."],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("system", "item"), [("ab", "pin"), (LONGEST, LONGEST_ITEM), ("zebras", None)]
)
def test_the_linter_has_nothing_to_say(
    system: str, item: str | None, stream: bool, root: Path, tmp_path: Path
) -> None:
    assert len(LONGEST) == len(LONGEST_ITEM) == MAX_NAME
    words = words_of(system, item, None, stream=stream)
    assert lint(words, root, tmp_path) == "All checks passed!\n"


def test_only_a_system_with_a_stream_has_a_consumer() -> None:
    without, with_stream = (
        templates.rendered(words_of("pushpins", None, None, stream=stream))
        for stream in (False, True)
    )
    assert set(with_stream) - set(without) == {
        "lambda_src/pushpins/handlers/newest_stream.py",
        "tests/systems/pushpins/engine/test_newest_stream.py",
    }
    assert "stream" not in "".join(without.values()).lower()


def test_the_names_that_the_templates_use_are_found() -> None:
    found = templates.identifiers()
    assert {"Page", "Store", "id", "text", "dict", "SYSTEM", "newest", "page"} <= found
    assert not {"qqsystem", "Qqitem", "note"} & found
