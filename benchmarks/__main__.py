"""Run every benchmark: `python -m benchmarks`. Each also runs by itself and tells its options."""

from __future__ import annotations

import subprocess
import sys

BENCHMARKS = ("cold_import", "lean", "chat_claims", "module_page", "similarity", "reports_claims")


def main() -> int:
    """Run each in a process of its own; non-zero if one missed its budget."""
    missed = []
    for name in BENCHMARKS:
        print(f"== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode:
            missed.append(name)
    if missed:
        print(f"missed: {', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
