"""Cold start: importing a real handler beside `import boto3` and making its client.

    python -m benchmarks.cold_import [--runs 15] [--system NAME] [--function NAME]

By default it is the first function of the first system, by name. Each run is a process of its own
that measures itself, after the interpreter is up (benchmarks.cold). The handler's import includes
the validation of bodies, the logger, the declaration and the client.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.cold import Subject, boto3, judged, seconds, shipped
from benchmarks.result import keep, met, parser
from keyline_deploy.systems import declaration, names

BUDGET = 1.0
_BOTO3 = "import boto3; boto3.client('dynamodb')"


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
    variables = {"KEYLINE_SYSTEM": system.name, "KEYLINE_FUNCTION": function.name}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        subjects = {
            "boto3 and client": boto3(_BOTO3, folder),
            handler: Subject(
                f"import {handler}", shipped(system.name, function, folder), variables
            ),
        }
        took = seconds(subjects, arguments.runs)
    result = judged("from a started interpreter to a ready handler", took, BUDGET)
    keep(result, arguments.json)
    return met(result)


if __name__ == "__main__":
    raise SystemExit(main())
