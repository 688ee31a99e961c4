"""Files that hold how far a long command is: held by one process, and whole whenever that ends."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from keyline.errors import KeylineError
from keyline_ops.written import AGAIN, written

GO_ON = f"{AGAIN[:-1]}: it goes on where it was."
"""The advice where the disk is full."""

StateT = TypeVar("StateT", bound=msgspec.Struct)


def key_of(*parts: str) -> str:
    """Return the name of a file: of what is carried out, and its tables in their environment."""
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:16]


def table_id(description: Any) -> str:
    """Return what a table is told apart by from a later one of its name."""
    return (
        f"{description['TableArn']} {description.get('TableId') or description['CreationDateTime']}"
    )


def read(path: Path, kind: type[StateT], advice: str) -> StateT | None:
    """Return what a file holds; None if there is none.

    Parameters
    ----------
    advice
        What to do about a file that cannot be read.

    Raises
    ------
    KeylineError
        If the file cannot be read.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeylineError(str(path), f"cannot be read ({error.strerror}).", advice) from error
    except msgspec.MsgspecError as error:
        said = "is not as `keyline` writes it: the file is damaged."
        raise KeylineError(str(path), said, advice) from error


def write(path: Path, state: msgspec.Struct) -> None:
    """Replace a file at once.

    Raises
    ------
    KeylineError
        If it cannot be written; what it held stays.
    """
    part = path.with_suffix(".part")
    with written(path, GO_ON):
        with part.open("wb") as file:
            file.write(msgspec.json.encode(state))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)


@contextmanager
def held(folder: Path, key: str, what: str) -> Iterator[None]:
    """Let no other process carry out the same meanwhile.

    Raises
    ------
    KeylineError
        If another process does already.
    """
    path = folder / f"{key}.lock"
    with written(path, GO_ON):
        folder.mkdir(parents=True, exist_ok=True)
        opened = path.open("a", encoding="utf-8")
    with opened as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            said = f"{what} is running already."
            raise KeylineError(str(folder / key), said, "Wait until it is through.") from error
        yield
