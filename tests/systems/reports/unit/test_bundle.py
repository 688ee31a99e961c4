"""The bundle of the function that compares vectors, which alone carries numpy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from keyline_deploy import bundling
from keyline_deploy.bundling import Target


def test_numpy_runs_from_the_bundle_alone(tmp_path: Path) -> None:
    """Parts that are left out (tests, and what compilers read) are not missed."""
    made = bundling.bundle("reports", target=Target.HOST, requirements="similarity", out=tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(made.path)!r})\n"
        "import numpy\n"
        f"assert numpy.__file__.startswith({str(made.path)!r})\n"
        "matrix = numpy.frombuffer(b'\\0\\0\\x80?' * 4, '<f4').reshape(2, 2)\n"
        "print((matrix @ matrix.T).tolist(), numpy.linalg.norm(matrix).item())\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[[2.0, 2.0], [2.0, 2.0]] 2.0\n"
