"""The process that imports the declarations of a project, and writes every fault as JSON.

A declaration raises its first fault. Here it must not: all faults are wanted at once. So what
raises them is replaced, before the declaration's classes are imported, by what collects them.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec

from keyline import errors
from keyline.errors import Fault


class Collector:
    """Takes the faults that would be raised."""

    def __init__(self) -> None:
        self.faults: dict[Fault, None] = {}

    def take(self, faults: Iterable[Fault], where: str = "") -> None:
        """Take faults; see `keyline.errors.raise_first`.

        A check may stumble over what an earlier check has found, which is not told then.
        """
        before = len(self.faults)
        try:
            for path, message, suggestion in faults:
                self.faults[f"{where}.{path}" if where else path, message, suggestion] = None
        except Exception:
            if len(self.faults) == before:
                raise


def main() -> None:
    """Check the project in the folder that is named, and one system if one is named."""
    root, system = Path(sys.argv[1]), sys.argv[2] or None
    collector = Collector()
    vars(errors)["raise_first"] = collector.take
    with contextlib.redirect_stdout(sys.stderr):  # what a declaration prints is not a fault
        from keyline_ops.check.project import faults

        collector.take(faults(root, system, collector.faults))
    sys.stdout.buffer.write(msgspec.json.encode([*collector.faults]))


if __name__ == "__main__":
    main()
