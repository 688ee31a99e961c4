"""Files that a command writes: an error names the file, and says what to do."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from keyline.errors import KeylineError

OUTPUT = "Or name another file."
AGAIN = "Then run the same command again."
_CURES = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "Make space there."),
    **dict.fromkeys((errno.EACCES, errno.EPERM), "Let the command write there."),
    errno.EROFS: "Take a file system that can be written to.",
    errno.ENAMETOOLONG: "Choose a shorter name.",
    **dict.fromkeys((errno.ENOTDIR, errno.EEXIST), "Name a path whose parts are folders."),
    errno.EISDIR: "Name a file rather than a folder.",
}


@contextmanager
def written(path: Path, advice: str = OUTPUT) -> Iterator[None]:
    """Say which file cannot be written, and what to do.

    Parameters
    ----------
    advice
        What to do after the cause is away, or instead.

    Raises
    ------
    KeylineError
        If the operating system refuses, as it does where the disk is full.
    """
    try:
        yield
    except OSError as error:
        said = f"cannot be written: {error.strerror or error}."
        cure = _CURES.get(error.errno or 0, "Correct that.")
        raise KeylineError(str(path), said, f"{cure} {advice}") from error


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
        part = target.with_name(f".{sha256(os.fsencode(target.name)).hexdigest()[:16]}.part")
        try:
            part.write_text(text, encoding="utf-8")
            if target.exists():
                shutil.copymode(target, part)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
