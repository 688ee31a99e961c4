"""Cold start: importing a real handler beside `import boto3` and making its client.

    python -m benchmarks.cold_import [--runs 15] [--system NAME] [--function NAME]

By default it is the first function of the first system, by name.
Each run is a process of its own that measures itself, after the interpreter is up; runs take
turns, and the median counts. The handler's import includes the router, the validation of
bodies, the logger and the client.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping

from benchmarks.result import keep, machine, parser
from keyline_deploy.systems import declaration, names

BUDGET = 1.5
_ENVIRONMENT = {
    "KEYLINE_ENV": "local",
    "KEYLINE_SETTINGS": "{}",
    "KEYLINE_CURSOR_SECRET": "benchmark",
    "POWERTOOLS_SERVICE_NAME": "benchmark",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
}
_BOTO3 = "import boto3; boto3.client('dynamodb', region_name='us-east-1')"
_MEASURE = (
    "import time; wall, cpu = time.perf_counter(), time.process_time()\n{code}\n"
    "print(time.perf_counter() - wall, time.process_time() - cpu)"
)


def main() -> int:
    """Measure, print, write the result; non-zero if the budget is not met."""
    options = parser(__doc__, __file__)
    options.add_argument("--runs", type=int, default=15)
    options.add_argument("--system", default=names()[0])
    options.add_argument("--function", help="the system's first by default")
    arguments = options.parse_args()
    system = declaration(arguments.system)
    function = system.function(arguments.function) if arguments.function else system.functions[0]
    handler = function.handler.rpartition(".")[0]
    codes = {"boto3 and client": _BOTO3, handler: f"import {handler}"}
    variables = {"KEYLINE_SYSTEM": system.name, "KEYLINE_FUNCTION": function.name}
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in codes}
    with tempfile.TemporaryDirectory() as bytecode:
        for number in range(arguments.runs + 1):
            for name, code in codes.items():
                spent = _run(code, variables, bytecode)
                if number:  # the first run fills the file cache and compiles to bytecode
                    taken[name].append(spent)
    wall = {n: round(statistics.median(w for w, _ in t) * 1000, 1) for n, t in taken.items()}
    cpu = {n: round(statistics.median(c for _, c in t) * 1000, 1) for n, t in taken.items()}
    ratio = round(cpu[handler] / cpu["boto3 and client"], 3)
    result = {
        "what": "milliseconds from a started interpreter to a ready handler, median of the runs",
        "where": machine(),
        "runs": arguments.runs,
        "wall_ms": wall,
        "cpu_ms": cpu,
        "ratio": ratio,
        "budget": BUDGET,
        "met": ratio <= BUDGET,
    }
    keep(result, arguments.json)
    return 0 if result["met"] else 1


def _run(code: str, variables: Mapping[str, str], bytecode: str) -> tuple[float, float]:
    """Seconds of wall time and of CPU that the code takes in a process of its own."""
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE.format(code=code)],
        env={
            **inherited,
            **_ENVIRONMENT,
            **variables,
            "PYTHONPYCACHEPREFIX": bytecode,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    wall, cpu = done.stdout.split()[-2:]
    return float(wall), float(cpu)


if __name__ == "__main__":
    raise SystemExit(main())
