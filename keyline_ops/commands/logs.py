"""`keyline logs`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from keyline_deploy.project import LOCAL_STATE
from keyline_ops.commands.examples import examples
from keyline_ops.commands.options import State

app = typer.Typer()


@app.command(
    epilog=examples(
        "keyline logs",
        "keyline logs FUNCTION --follow",
        "keyline logs --request 5f0c",
    ),
)
def logs(
    function: Annotated[
        str | None, typer.Argument(help="A function by its name; all of them where none is named.")
    ] = None,
    request: Annotated[
        str | None, typer.Option(help="Only of the request with this id, or this beginning of it.")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what is written, until Ctrl-C.")
    ] = False,
    state: State = None,
) -> None:
    """Show what the functions of the local platform wrote, in order of time.

    A problem document carries the id of its request as `instance`.
    """
    from keyline_ops.log_files import read

    folder = (state or LOCAL_STATE) / "logs"
    is_empty = True
    for line in read(folder, function, request, follow=follow):
        print(line, flush=follow)
        is_empty = False
    if is_empty:
        print(_nothing(folder, request), file=sys.stderr)


def _nothing(folder: Path, request: str | None) -> str:
    """Say why no line is shown: an empty answer would look like a command that does not work."""
    if request is not None:
        return f"{folder}: no line is of the request {request}."
    return (
        f"{folder}: no function has written a line yet. A function writes one when it runs and"
        " logs, prints or fails."
    )
