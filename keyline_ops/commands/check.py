"""`keyline check`."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from keyline_ops.commands.examples import examples
from keyline_ops.commands.options import AsJson

app = typer.Typer()


@app.command(
    epilog=examples(
        "keyline check",
        "keyline check SYSTEM --json",
    ),
)
def check(
    system: Annotated[
        str | None, typer.Argument(help="A system; all of them where none is named.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check declarations, handlers, environments and the local platform's limits, in a moment.

    Nothing is synthesized or started. All faults are told at once; the exit code is 1 if there
    are any.
    """
    from keyline_ops.check.run import check as faults_of
    from keyline_ops.words import count_of

    faults = faults_of(system)
    if as_json:
        names = ("path", "message", "suggestion")
        print(json.dumps([dict(zip(names, fault, strict=True)) for fault in faults], indent=2))
    else:
        console = Console()
        for path, message, suggestion in faults:
            console.print(Text(path, "red") + Text(f": {message}"), soft_wrap=True)
            if suggestion:
                console.print(Text(f"  {suggestion}"), soft_wrap=True)
        print(f"{count_of(len(faults), 'fault')}." if faults else "No faults.")
    raise typer.Exit(1 if faults else 0)
