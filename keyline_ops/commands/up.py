"""`keyline up` and `demo`: the local platform with sample traffic."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from keyline_deploy.environment import PORT_OFFSET
from keyline_deploy.project import LOCAL_STATE, WORK
from keyline_ops.commands.options import State
from keyline_ops.demo.options import Options

app = typer.Typer()

Data = Annotated[
    Path | None,
    typer.Option(
        help="Folder of real conversations (mathdial-dev.jsonl); sample data without it.",
        exists=True,
        file_okay=False,
    ),
]
Report = Annotated[Path | None, typer.Option(help="Write the report as JSON to this file.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Forget the data of earlier runs first.")]
FreePorts = Annotated[
    bool, typer.Option("--free-ports", help="Listen on free ports, not on the environment's.")
]
PortOffset = Annotated[
    int | None,
    typer.Option(help="Move every port of the environment by so much.", envvar=PORT_OFFSET, min=0),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show the functions' logs.")]


@app.command()
def up(
    data: Data = None,
    report: Report = None,
    state: State = None,
    fresh: Fresh = False,
    free_ports: FreePorts = False,
    port_offset: PortOffset = None,
    verbose: Verbose = False,
) -> None:
    """Run the system on this machine, use every access pattern once, then serve until Ctrl-C."""
    if port_offset is not None:
        os.environ[PORT_OFFSET] = str(port_offset)  # for the synthesis too, a process of its own
    _run(
        Options(
            data=data,
            report=report,
            state=state or LOCAL_STATE,
            fresh=fresh,
            free_ports=free_ports,
            verbose=verbose,
            serve=True,
        )
    )


@app.command()
def demo(
    data: Data = None,
    report: Report = None,
    state: State = None,
    verbose: Verbose = False,
) -> None:
    """The same beside it, with new data on free ports, then exit.

    The exit code is 1 if an access pattern failed, or cost more than its item sizes imply
    without a declared reason.
    """
    _run(
        Options(
            data=data,
            report=report,
            state=state or WORK / "demo",
            fresh=True,
            free_ports=True,
            verbose=verbose,
            serve=False,
        )
    )


def _run(options: Options) -> None:
    from keyline_ops.demo.run import run

    raise typer.Exit(asyncio.run(run(options, Console())))
