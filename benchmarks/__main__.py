"""Run every benchmark: `python -m benchmarks [--data FOLDER]`. Each also runs by itself.

With a folder of real dialogues and vectors, memory's claims are measured on these.

Those of a system are in `systems/<system>/benchmarks`; each module there is one. The results are
beside them, and `benchmarks.summary` puts them together.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from benchmarks.files import found

OF_DIALOGUES = "benchmarks.memory_before_after"


def main() -> int:
    """Run each in a process of its own; non-zero if one missed its budget or has become worse."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--data", type=Path, help="folder of real dialogues and vectors")
    data = options.parse_args().data
    if data and not data.is_dir():
        options.error(f"--data: {data} is not a folder.")
    missed = []
    for name in [*found(), "benchmarks.summary"]:
        print(f"== {name}", flush=True)
        given = ["--data", str(data)] if data and name == OF_DIALOGUES else []
        if subprocess.run([sys.executable, "-m", name, *given], check=False).returncode:
            missed.append(name)
    if missed:
        print(f"missed: {', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
