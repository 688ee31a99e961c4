"""Run every benchmark: `python -m benchmarks`. Each also runs by itself and tells its options.

Those of a system are in `systems/<system>/benchmarks`; each module there is one. The results are
beside them.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from keyline_deploy.systems import folder, names

OWN = (
    "benchmarks.cold_import",
    "benchmarks.functions",
    "benchmarks.lean",
    "benchmarks.memory_before_after",
    "benchmarks.migrate",
)


def benchmarks() -> Iterator[str]:
    """Name the modules of all benchmarks: the project's own, then those of each system."""
    yield from OWN
    for system in names():
        for file in sorted(folder(system).glob("benchmarks/*.py")):
            yield f"systems.{system}.benchmarks.{file.stem}"


def main() -> int:
    """Run each in a process of its own; non-zero if one missed its budget."""
    missed = []
    for name in benchmarks():
        print(f"== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", name], check=False).returncode:
            missed.append(name)
    if missed:
        print(f"missed: {', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
