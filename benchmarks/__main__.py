"""Run every benchmark: `python -m benchmarks`. Each also runs by itself and tells its options.

Those of a system are in `systems/<system>/benchmarks`; each module there is one. The results are
beside them, and `benchmarks.summary` puts them together.
"""

from __future__ import annotations

import subprocess
import sys

from benchmarks.files import found


def main() -> int:
    """Run each in a process of its own; non-zero if one missed its budget or has become worse."""
    missed = []
    for name in [*found(), "benchmarks.summary"]:
        print(f"== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", name], check=False).returncode:
            missed.append(name)
    if missed:
        print(f"missed: {', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
