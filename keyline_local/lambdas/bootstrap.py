"""The program of an environment's process: AWS's runtime interface client, on a lifeline.

The program is run by path with `python -S -P` and an explicit PYTHONPATH, so it imports nothing of
this project. The first argument is the read end of a pipe whose write end only the platform holds:
at its end of file the platform is gone, however it died, and so is this process. The second is the
folder of compiled code.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from hashlib import blake2b
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.abc import PathEntryFinder

    from _typeshed import ReadableBuffer


def _die_with_platform(lifeline: int) -> None:
    os.read(lifeline, 1)
    os._exit(1)


class _CompiledByContent(SourceFileLoader):
    """Finds a module's compiled code by what its source says, wherever the source lies.

    Each function has a copy of the libraries, and a new copy after each change of its code. What
    one has compiled, no other compiles again. An edit that keeps a file's size and second is seen.
    """

    folder = ""
    _kept = ""

    def path_stats(self, path: str) -> Mapping[str, float]:
        """Return the same time for all sources: the name of the compiled file tells them apart."""
        source = self.get_data(path)
        name = f"{blake2b(source, digest_size=16).hexdigest()}.{sys.implementation.cache_tag}"
        self._kept = f"{self.folder}/{name[:2]}/{name}{BYTECODE_SUFFIXES[0]}"
        return {"mtime": 0, "size": len(source)}

    def get_data(self, path: str) -> bytes:
        """Read a source, or its compiled code from where that is kept."""
        return super().get_data(self._of(path))

    def set_data(self, path: str, data: ReadableBuffer, *, _mode: int = 0o666) -> None:
        """Keep compiled code; a reader sees all of it or none."""
        super().set_data(self._of(path), data, _mode=_mode)

    def _of(self, path: str) -> str:
        return self._kept if path.endswith(BYTECODE_SUFFIXES[0]) else path


def _compile_once(folder: str) -> None:
    """Have all modules but the standard library's use one folder of compiled code."""
    _CompiledByContent.folder = folder
    find = FileFinder.path_hook(
        (ExtensionFileLoader, EXTENSION_SUFFIXES),
        (_CompiledByContent, SOURCE_SUFFIXES),
        (SourcelessFileLoader, BYTECODE_SUFFIXES),
    )
    standard = os.__file__.removesuffix("os.py")

    def finder(path: str) -> PathEntryFinder:
        if f"{path}/".startswith(standard) and "site-packages" not in path:
            raise ImportError("the interpreter's own", path=path)
        return find(path)

    sys.path_hooks.insert(0, finder)
    sys.path_importer_cache.clear()


if __name__ == "__main__":
    _compile_once(sys.argv.pop(2))
    threading.Thread(target=_die_with_platform, args=(int(sys.argv.pop(1)),), daemon=True).start()
    from awslambdaric.__main__ import main

    main(sys.argv)
