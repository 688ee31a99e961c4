"""`keyline up` and `demo`: the local platform with sample traffic."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console

from keyline.errors import KeylineError
from keyline.moments import DAY_SECONDS
from keyline.variables import PORT_OFFSET
from keyline_deploy.environment import MAX_PORT_OFFSET
from keyline_deploy.project import LOCAL_STATE, WORK
from keyline_ops.commands.examples import examples
from keyline_ops.commands.options import State
from keyline_ops.demo.options import Options

if TYPE_CHECKING:
    from keyline_ops.assembly import Chosen

app = typer.Typer()

Data = Annotated[
    Path | None,
    typer.Option(
        help="Folder of real conversations (mathdial-dev.jsonl); sample data without it.",
        exists=True,
        file_okay=False,
    ),
]
Report = Annotated[
    Path | None,
    typer.Option(help="Write the report as JSON to this file.", dir_okay=False),
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Forget the data of earlier runs first.")]
FreePorts = Annotated[
    bool, typer.Option("--free-ports", help="Listen on free ports, not on the environment's.")
]
PortOffset = Annotated[
    int | None,
    typer.Option(
        help="Move every port of the environment by so much.",
        envvar=PORT_OFFSET,
        min=0,
        max=MAX_PORT_OFFSET,
    ),
]
Assembly = Annotated[
    Path | None,
    typer.Option(
        help="Run this assembly of any app, which `cdk synth --output` wrote, without samples.",
        exists=True,
        file_okay=False,
    ),
]
Stacks = Annotated[
    list[str] | None,
    typer.Option("--stack", help="Run this stack of --assembly, and what it needs. Repeat."),
]
Parameters = Annotated[
    list[str] | None,
    typer.Option("--parameter", help="NAME=VALUE of a parameter of --assembly. Repeat."),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show the functions' logs.")]


@app.command(
    epilog=examples(
        "keyline up",
        "keyline up --fresh --no-load --wait",
        "keyline up --assembly cdk.out --stack STACK --parameter NAME=VALUE",
        "keyline up --assembly cdk.out --check",
    ),
)
def up(
    data: Data = None,
    report: Report = None,
    state: State = None,
    fresh: Fresh = False,
    free_ports: FreePorts = False,
    port_offset: PortOffset = None,
    assembly: Assembly = None,
    stack: Stacks = None,
    parameter: Parameters = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only list all that is refused of --assembly.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print --check as JSON.")] = False,
    load: Annotated[
        bool, typer.Option("--load/--no-load", help="Load data and use every access pattern once.")
    ] = True,
    wait: Annotated[
        bool,
        typer.Option("--wait", help="Run in the background; return when the data is loaded."),
    ] = False,
    wait_timeout: Annotated[
        float, typer.Option(min=1, max=DAY_SECONDS, help="Seconds that --wait waits at most.")
    ] = 300,
    verbose: Verbose = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Do not show the functions' logs.")
    ] = False,
) -> None:
    """Run the system on this machine until Ctrl-C, and load data and use it meanwhile.

    With --wait the exit code is 1 if the load ended early, and with --check if anything is refused.
    """
    chosen = _chosen(assembly, stack or [], parameter or [])
    if check and not chosen:
        raise KeylineError("--check", "is of an assembly.", "Name it with --assembly.")
    if chosen and check:
        _check(chosen, as_json=as_json)
    if port_offset is not None:
        os.environ[PORT_OFFSET] = str(port_offset)  # for the synthesis too, a process of its own
    options = Options(
        data=data,
        report=report,
        state=state or LOCAL_STATE,
        fresh=fresh,
        free_ports=free_ports,
        verbose=verbose,
        quiet=quiet,
        serve=True,
        load=load and chosen is None,
    )
    if wait:
        _run_detached(options, wait_timeout, chosen.arguments if chosen else [])
    if chosen:
        from keyline_ops.assembly import run

        raise typer.Exit(asyncio.run(run(chosen, options, port_offset or 0, Console())))
    _run(options)


def _chosen(
    assembly: Path | None, stacks: Sequence[str], parameters: Sequence[str]
) -> Chosen | None:
    if assembly is not None:
        from keyline_ops.assembly import Chosen

        return Chosen(assembly, stacks, dict(map(_parameter, parameters)))
    if stacks or parameters:
        raise KeylineError(
            "--stack, --parameter", "are of an assembly.", "Name it with --assembly."
        )
    return None


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise KeylineError(
            f"--parameter {text}", "is not NAME=VALUE.", "Write --parameter Stage=dev."
        )
    return name, value


def _check(chosen: Chosen, *, as_json: bool) -> NoReturn:
    from keyline_ops.assembly import check, show

    refusals, found = check(chosen)
    if as_json:
        told = [
            {"path": each.path, "message": each.message, "suggestion": each.suggestion}
            for each in refusals
        ]
        print(json.dumps({"refusals": told, "notes": found}, indent=2))
    else:
        show(refusals, found, Console())
    raise typer.Exit(1 if refusals else 0)


@app.command(epilog=examples("keyline demo", "keyline demo --report report.json"))
def demo(
    data: Data = None,
    report: Report = None,
    state: State = None,
    verbose: Verbose = False,
) -> None:
    """Run everything with new data on free ports, report, then exit.

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
            quiet=False,
            serve=False,
            load=True,
        )
    )


def _run_detached(options: Options, timeout: float, more: Sequence[str]) -> NoReturn:
    from keyline_local import ask, issuer_url
    from keyline_ops.detached import LOG, start
    from keyline_ops.run_record import Stage, running, stop_command

    if options.fresh and running(options.state):
        raise KeylineError(
            str(options.state),
            "a local platform runs on this state folder.",
            f"Stop it first (`{stop_command(options.state)}`), or leave --fresh out.",
        )
    run = start(options.state, [*options.arguments, *more], timeout)
    status = ask(issuer_url(options.state), "GET", "/status")
    for name, url in status["apis"].items():
        print(f"{name}: {url}")
    print(
        f"It runs in the background (process {run.pid}); `{stop_command(options.state)}` stops it."
    )
    if run.stage is Stage.INCOMPLETE:
        print(f"The load ended early: read {options.state / LOG}.")
        raise typer.Exit(1)
    raise typer.Exit()


def _run(options: Options) -> None:
    from keyline_ops.demo.run import run

    raise typer.Exit(asyncio.run(run(options, Console())))
