"""Notices that the folders a function was bundled from have changed.

The check is exact: one `stat` for every known file and folder (a folder's time moves when an entry
comes or goes). The check is made where the system tells that something happened, so that it can be
asked for before each invocation, and a save directly followed by a request is never missed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from keyline_local.lambdas.file_events import FileEvents

Stamp = tuple[int, int, int]
"""Modification time in ns, size in bytes, inode."""

_IGNORED_FOLDERS = frozenset({"__pycache__", ".git", ".venv", "node_modules"})
_IGNORED_SUFFIXES = (".pyc", ".pyo", ".swp", ".swx", "~")


class Sources:
    """The state of some folders (or single files) since `accept` was last called.

    Parameters
    ----------
    events
        What tells that something happened in them.
    """

    def __init__(self, roots: Iterable[Path], events: FileEvents) -> None:
        self.roots = tuple(roots)
        self._events = events
        self._unchanged = 0
        self._files: dict[str, Stamp] = {}
        self._folders: dict[str, Stamp] = {}
        self.accept(self.scan())

    def changed(self) -> bool:
        """Tell whether any file was edited, added or removed since the accepted state."""
        time = self._events.time()
        if time == self._unchanged:
            return False
        changed = self._differ()
        if not changed:
            self._unchanged = time
        return changed

    def _differ(self) -> bool:
        if any(_stamp(path) != stamp for path, stamp in self._files.items()):
            return True
        if all(_stamp(path) == stamp for path, stamp in self._folders.items()):
            return False
        files, folders = self.scan()
        if files != self._files:
            return True
        self.accept((files, folders))  # only something ignored came or went
        return False

    def scan(self) -> tuple[dict[str, Stamp], dict[str, Stamp]]:
        """Return the present files and folders with their stamps."""
        files: dict[str, Stamp] = {}
        folders: dict[str, Stamp] = {}
        for path, is_folder in _walk(self.roots):
            stamp = _stamp(path)
            if stamp is not None:
                (folders if is_folder else files)[path] = stamp
        return files, folders

    def accept(self, state: tuple[dict[str, Stamp], dict[str, Stamp]]) -> None:
        """Take a scanned state as the known one. Scan *before* acting on the files."""
        self._files, self._folders = state
        links = (path for path in self._files if os.path.islink(path))  # noqa: PTH114 - many
        self._events.watch([*self._folders, *map(str, self.roots), *links])
        self._events.doubt()  # what happened before it was watched


def _walk(roots: Iterable[Path]) -> Iterator[tuple[str, bool]]:
    for root in roots:
        if root.is_file():
            yield str(root), False
            continue
        for folder, subfolders, names in os.walk(root):
            subfolders[:] = [name for name in subfolders if name not in _IGNORED_FOLDERS]
            yield folder, True
            for name in names:
                if not name.endswith(_IGNORED_SUFFIXES):
                    yield os.path.join(folder, name), False  # noqa: PTH118 - hot path


def _stamp(path: str) -> Stamp | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - hot path
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
