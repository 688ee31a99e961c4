"""Tells whether anything happened in some folders, by the events of Linux.

The kernel queues an event before the call returns that changes a file. So a question after a change
finds the event. The question costs one system call for any number of files. Source: inotify(7).
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import itertools
import os
from collections.abc import Iterable

_NON_BLOCKING = os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)
_CHANGES = 0x2 | 0x4 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x800
"""IN_MODIFY, IN_ATTRIB, IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE, IN_DELETE, IN_DELETE_SELF,
IN_MOVE_SELF."""
_READ = 1 << 16


class FileEvents:
    """Counts how often something may have happened in what is watched.

    Where the system tells of no events, something may happen at any time.
    """

    def __init__(self) -> None:
        self._times = itertools.count(1)
        self._time = 0
        self._library = ctypes.CDLL(None, use_errno=True)
        self._queue = -1
        if hasattr(self._library, "inotify_init1"):
            self._queue = self._library.inotify_init1(_NON_BLOCKING)

    def watch(self, paths: Iterable[str]) -> None:
        """Watch files and folders from now on, those included that are watched already.

        A path may be that of another file than before.
        """
        for path in paths:
            if self._queue >= 0 and not self._add(path):
                self.close()  # a limit of the system: no event is told of any more

    def time(self) -> int:
        """Return a number that differs from an earlier one if something may have happened since."""
        if self._queue < 0 or self._is_told():
            self._time = next(self._times)
        return self._time

    def doubt(self) -> None:
        """Take it that something has happened."""
        self._time = next(self._times)

    def close(self) -> None:
        """End watching."""
        queue, self._queue = self._queue, -1
        if queue >= 0:
            os.close(queue)

    def _add(self, path: str) -> bool:
        added = self._library.inotify_add_watch(self._queue, os.fsencode(path), _CHANGES)
        return added >= 0 or ctypes.get_errno() == errno.ENOENT  # its folder tells that it went

    def _is_told(self) -> bool:
        told = False
        with contextlib.suppress(BlockingIOError):
            while os.read(self._queue, _READ):
                told = True
        return told
