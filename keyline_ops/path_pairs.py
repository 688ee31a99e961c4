"""Lists of pairs of paths, for commands that do many things at once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from keyline.errors import KeylineError

PathPair = tuple[str, str]


def read_path_pairs(file: Path, first: str, second: str) -> Sequence[PathPair | KeylineError]:
    """Read a list of pairs; an error stands in the place of an entry that is not a pair.

    Parameters
    ----------
    file
        A JSON list of objects. A path that does not exist may be relative to this file.
    first, second
        The two keys of an object.

    Raises
    ------
    KeylineError
        If the file is not a list.
    """
    form = f'{{"{first}": path, "{second}": path}}'
    try:
        listed = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise KeylineError(
            str(file), f"cannot be read: {error.strerror}.", "Name a file that you may read."
        ) from error
    except (ValueError, RecursionError) as error:
        raise KeylineError(str(file), f"is not JSON: {error}.", f"Write [{form}].") from error
    if not isinstance(listed, list):
        raise KeylineError(str(file), "is not a list of pairs.", f"Write [{form}].")
    return [
        _pair(file, entry[first], entry[second])
        if _is_pair(entry, first, second)
        else KeylineError(f"{file}[{place}]", "is not a pair of paths.", f"Write {form}.")
        for place, entry in enumerate(listed)
    ]


def _is_pair(entry: object, first: str, second: str) -> bool:
    return isinstance(entry, dict) and all(
        isinstance(entry.get(key), str) for key in (first, second)
    )


def _pair(file: Path, one: str, other: str) -> PathPair | KeylineError:
    try:
        return _near(file, one), _near(file, other)
    except OSError as error:
        return KeylineError(
            str(file), f"has a path that cannot be read: {error}.", "Name files that you may read."
        )


def _near(file: Path, path: str) -> str:
    beside = file.parent / path
    return str(beside) if beside.exists() and not Path(path).exists() else path
