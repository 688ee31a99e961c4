"""Files that a command writes: an error names the file, and says what to do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keyline.errors import KeylineError

OUTPUT = "Make space there, or name another file."
AGAIN = "Make space there. Then run the same command again."


@contextmanager
def written(path: Path, advice: str = OUTPUT) -> Iterator[None]:
    """Say which file cannot be written.

    Raises
    ------
    KeylineError
        If the operating system refuses, as it does where the disk is full.
    """
    try:
        yield
    except OSError as error:
        said = f"cannot be written: {error.strerror or error}."
        raise KeylineError(str(path), said, advice) from error


def write_text(path: Path, text: str, advice: str = OUTPUT) -> None:
    """Write a file at once, and the folder that it is in.

    What a file held stays where the disk is full. A device or a pipe is written to as it is.

    Raises
    ------
    KeylineError
        If it cannot be written.
    """
    with written(path, advice):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_relative_to("/dev") or (path.exists() and not path.is_file()):
            path.write_text(text, encoding="utf-8")
            return
        target = path.resolve()
        part = target.with_name(f".{target.name}.part")
        try:
            part.write_text(text, encoding="utf-8")
            if target.exists():
                shutil.copymode(target, part)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
