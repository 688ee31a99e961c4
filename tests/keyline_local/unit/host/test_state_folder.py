"""The state folder: one platform at a time, and what cannot be used is told in one line."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from keyline_local.host.errors import LocalPlatformError
from keyline_local.host.state_folder import forget, state_locked, usable


def test_one_platform_at_a_time(tmp_path: Path) -> None:
    refused = pytest.raises(LocalPlatformError, match="another local platform")
    with state_locked(tmp_path), refused, state_locked(tmp_path):
        pass
    with state_locked(tmp_path):
        pass


@pytest.mark.parametrize("below", ["", "folder", "folder/folder"])
def test_a_file_is_not_a_state_folder(below: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with (
        pytest.raises(LocalPlatformError, match="is not a folder") as raised,
        state_locked(file / below),
    ):
        pass
    assert raised.value.path == str(file / below)
    assert "--state" in raised.value.suggestion


@pytest.mark.parametrize(
    ("number", "says", "way_out"),
    [
        (errno.ENOSPC, "the disk of the state folder is full", "--fresh"),
        (errno.EDQUOT, "the disk of the state folder is full", "--fresh"),
        (errno.EACCES, "may not be written", "--state"),
        (errno.EROFS, "may not be written", "--state"),
    ],
)
def test_what_the_system_refuses_is_told(
    number: int, says: str, way_out: str, tmp_path: Path
) -> None:
    with pytest.raises(LocalPlatformError, match=says) as raised, usable(tmp_path):
        raise OSError(number, os.strerror(number), str(tmp_path / "engine.db"))
    assert raised.value.path.startswith(str(tmp_path))
    assert way_out in raised.value.suggestion


def test_an_error_of_another_place_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), usable(tmp_path / "state"):
        raise PermissionError(errno.EACCES, "no", str(tmp_path / "binary"))
    with pytest.raises(OSError, match="in use"), usable(tmp_path):
        raise OSError(errno.EADDRINUSE, "in use")


def test_only_what_the_platform_wrote_is_forgotten(tmp_path: Path) -> None:
    for name in ("engine.db", "engine.db-wal", "secrets.json", "mine.txt"):
        (tmp_path / name).touch()
    (tmp_path / "logs").mkdir()
    forget(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.txt", "secrets.json"]
