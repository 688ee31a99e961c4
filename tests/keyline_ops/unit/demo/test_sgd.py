"""Files of the published dialogues that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from keyline.errors import KeylineError
from keyline_ops.demo.sgd import DIALOGUES, VECTORS, dialogues, vectors_of


def test_dialogues_that_are_not_there_are_an_error_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "nope" / DIALOGUES
    with pytest.raises(KeylineError) as caught:
        list(dialogues(path))
    assert caught.value.path == str(path)
    assert "No such file" in caught.value.message
    assert caught.value.suggestion


def test_a_folder_in_place_of_the_dialogues_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeylineError, match="cannot be read"):
        list(dialogues(tmp_path))


def test_vectors_that_are_not_there_are_an_error_with_the_file(tmp_path: Path) -> None:
    with pytest.raises(KeylineError, match="cannot be read") as caught:
        vectors_of([], tmp_path)
    assert caught.value.path == str(tmp_path / VECTORS)
