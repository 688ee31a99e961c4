"""Files that commands write: whole or as they were, and an error names them."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from keyline.errors import KeylineError
from keyline_ops.written import AGAIN, OUTPUT, write_text, written


def test_an_error_names_the_file_and_says_what_to_do() -> None:
    with pytest.raises(KeylineError) as raised, written(Path("a.json"), AGAIN):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert raised.value.path == "a.json"
    assert raised.value.message == "cannot be written: No space left on device."
    assert raised.value.suggestion == "Make space there. Then run the same command again."


def _below_a_file(folder: Path) -> Path:
    (folder / "file").touch()
    return folder / "file" / "new"


@pytest.mark.parametrize(
    ("place", "advice"),
    [
        (_below_a_file, "Name a path whose parts are folders."),
        (lambda folder: folder / ("n" * 300), "Choose a shorter name."),
        (lambda _: Path("/proc/keyline"), "Correct that."),
    ],
)
def test_only_a_full_disk_is_advised_to_be_given_space(
    place: Callable[[Path], Path], advice: str, tmp_path: Path
) -> None:
    with pytest.raises(KeylineError) as raised:
        write_text(place(tmp_path), "text")
    assert raised.value.suggestion == f"{advice} {OUTPUT}"


@pytest.mark.parametrize("name", ["n" * 255, "é" * 127])
def test_a_name_may_be_as_long_as_the_file_system_takes(name: str, tmp_path: Path) -> None:
    for text in ("before", "after"):
        write_text(tmp_path / name, text)
        assert (tmp_path / name).read_text() == text
    assert [*tmp_path.iterdir()] == [tmp_path / name]


def test_a_full_disk_leaves_a_file_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    write_text(file, "before")
    part = f".{sha256(b'README.md').hexdigest()[:16]}.part"
    (tmp_path / part).symlink_to("/dev/full")
    with pytest.raises(KeylineError, match="No space left"):
        write_text(file, "after")
    assert file.read_text() == "before"
    assert [*tmp_path.iterdir()] == [file]
    write_text(file, "after")
    assert file.read_text() == "after"


def test_a_file_keeps_its_mode_and_a_link_its_file(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_text("before")
    file.chmod(0o750)
    link.symlink_to(file)
    write_text(link, "after")
    assert (link.is_symlink(), file.read_text()) == (True, "after")
    assert stat.S_IMODE(file.stat().st_mode) == 0o750


def test_a_device_is_written_to_as_it_is() -> None:
    write_text(Path("/dev/null"), "text")
    assert Path("/dev/null").is_char_device()


def test_a_device_that_leads_to_a_file_is_written_to_as_it_is(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from keyline_ops.written import write_text; "
        "print('before', flush=True); write_text(Path('/dev/stdout'), 'text\\n'); print('after')"
    )
    file = tmp_path / "out"
    with file.open("a") as out:
        subprocess.run([sys.executable, "-c", code], stdout=out, check=True)
    assert file.read_text().endswith("after\n")
