"""The log files of the local platform, read as one."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from keyline.errors import KeylineError, instead_of

_PAUSE = 0.2  # seconds between two looks at the files
_SUFFIX = "-local"


class _Line(NamedTuple):
    at: str
    source: str
    request: str
    text: str


@dataclass
class _File:
    """A log file, read on from where the last reading ended; `older` was rotated away."""

    path: Path
    older: Path = field(init=False)
    place: int = 0

    def __post_init__(self) -> None:
        self.older = self.path.with_name(f"{self.path.name}.1")

    def all_lines(self) -> list[_Line]:
        before = (
            self.older.read_text(errors="replace", encoding="utf-8") if self.older.exists() else ""
        )
        return [*map(self._line, before.splitlines()), *self.new_lines()]

    def new_lines(self) -> list[_Line]:
        """Return the whole lines that were written since the last reading."""
        with self.path.open("rb") as file:
            if file.seek(0, 2) < self.place:  # it was rotated away
                self.place = 0
            file.seek(self.place)
            whole, end, _ = file.read().rpartition(b"\n")
        self.place += len(whole) + len(end)
        lines = whole.decode(errors="replace").split("\n") if end else []
        return [self._line(line) for line in lines]

    def _line(self, text: str) -> _Line:
        at, _, rest = text.partition("\t")
        request, _, said = rest.partition("\t")
        return _Line(at, _source(self.path), request, said)


class _Chosen:
    """Chooses the lines of a request, in whatever log they are; all lines if none is named."""

    def __init__(self, request: str | None) -> None:
        self._request = request
        self._ids: set[str] = set()

    def shown(self, lines: Sequence[_Line]) -> Iterator[str]:
        """Yield lines in order of time, as they are shown.

        A function has an id of its own for what the API calls otherwise. The function logs both ids
        once, and so its other lines are known too.
        """
        if self._request is not None:
            self._ids |= {
                line.request for line in lines if self._request in line.request + line.text
            }
            lines = [line for line in lines if line.request in self._ids]
        for line in sorted(lines, key=lambda each: each.at):
            yield f"{line.at}  {line.source:<28}  {line.request}  {line.text}"


def read(
    folder: Path, source: str | None = None, request: str | None = None, *, follow: bool = False
) -> Iterator[str]:
    """Yield the lines of all log files in a folder, in order of time, each with its source.

    Parameters
    ----------
    source
        The function whose lines are wanted, with or without the environment in its name.
    request
        The id of the request whose lines are wanted, or the beginning of it: the API's, which a
        problem document has as `instance`, or the function's own.
    follow
        Whether to go on with what is written, without end.

    Raises
    ------
    KeylineError
        If there are no logs in the folder, or none of the source.
    """
    if not folder.is_dir():
        raise KeylineError(
            str(folder), "there are no logs.", "Start the platform: `make up`, or name its --state."
        )
    files: dict[Path, _File] = {}
    chosen = _Chosen(request)
    yield from chosen.shown([line for f in _find(folder, source, files) for line in f.all_lines()])
    while follow:
        time.sleep(_PAUSE)
        new = [line for file in _find(folder, source, files) for line in file.new_lines()]
        yield from chosen.shown(new)


def _find(folder: Path, source: str | None, files: dict[Path, _File]) -> list[_File]:
    """Return the files that are wanted; those that are there already keep their place."""
    paths = {_source(path): path for path in sorted(folder.glob("*.log"))}
    if source is not None:
        wanted = source if source in paths else f"{source}{_SUFFIX}"
        if wanted not in paths:
            raise KeylineError(source, "has written no log here.", instead_of(source, paths))
        paths = {wanted: paths[wanted]}
    return [files.setdefault(path, _File(path)) for path in paths.values()]


def _source(path: Path) -> str:
    return path.name.removesuffix(".log")
