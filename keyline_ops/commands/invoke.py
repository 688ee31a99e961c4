"""`keyline invoke`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from keyline.errors import KeylineError, instead_of
from keyline.model import Function, System
from keyline_ops.commands.options import AsJson, State

app = typer.Typer()

_HELP = """\
Send an event to a function of the running platform, as AWS would.

The answer goes to standard output. The duration goes to standard error, with the end of the log
if the function failed. The exit code is 1 if the function failed, and 2 if it was not run.

\b
Examples:
  keyline invoke SYSTEM FUNCTION --event event.json
  echo '{}' | keyline invoke SYSTEM FUNCTION --event -
  keyline invoke SYSTEM FUNCTION --event event.json --json
"""


@app.command(help=_HELP)
def invoke(
    system: Annotated[str, typer.Argument(help="The system that the function is of.")],
    function: Annotated[str, typer.Argument(help="The function by its declared name.")],
    event: Annotated[str, typer.Option(help="A file with the event as JSON; - is the input.")],
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """Send an event to a function of the running platform."""
    from keyline_deploy.environment import LOCAL, load
    from keyline_deploy.names import function_name
    from keyline_deploy.systems import systems
    from keyline_ops.running import RUN_SECONDS, ask_local

    found = _function(system, function, systems())
    payload = _event(event)
    name = function_name(system, found.name, LOCAL)
    done = ask_local(
        load(LOCAL),
        state,
        "POST",
        f"/functions/{name}",
        content=payload,
        seconds=RUN_SECONDS,
    )
    if as_json:
        print(json.dumps({**done, "payload": json.loads(done["payload"])}, indent=2))
    else:
        print(done["payload"])
        failed = f"{done['error']} error, " if done["error"] else ""
        start = ", with a cold start" if done["cold"] else ""
        print(f"{failed}{done['duration_ms']:g} ms{start}", file=sys.stderr)
        if done["error"]:
            print(*done["log"], sep="\n", file=sys.stderr)
    raise typer.Exit(1 if done["error"] else 0)


def _function(system: str, function: str, known: Iterable[System]) -> Function:
    systems = {each.name: each for each in known}
    if system not in systems:
        raise KeylineError(system, "there is no such system.", instead_of(system, systems))
    functions = {each.name: each for each in systems[system].functions}
    if function not in functions:
        raise KeylineError(
            f"{system} {function}",
            "the system has no such function.",
            instead_of(function, functions),
        )
    return functions[function]


def _event(source: str) -> bytes:
    """Read an event and check that it is JSON, as Lambda does."""
    try:
        text = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise KeylineError(
            source, f"cannot be read: {error.strerror}.", "Name a file with the event as JSON."
        ) from error
    try:
        json.loads(text)
    except ValueError as error:  # also of bytes that are not UTF-8
        raise KeylineError(
            source, f"is not JSON: {error}.", "Correct it; an empty event is {}."
        ) from error
    return text
