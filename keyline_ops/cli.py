"""The `keyline` command."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from keyline.errors import KeylineError
from keyline_deploy.environment import PORT_OFFSET, load
from keyline_deploy.project import LOCAL_STATE, ROOT, WORK
from keyline_ops.commands import costs, importing, phase, tables
from keyline_ops.demo.options import Options

app = typer.Typer(
    help="A DynamoDB data layer from one declaration: run it, try it, call it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(costs.app)
app.add_typer(phase.app)
app.add_typer(importing.app)
app.add_typer(tables.app)

Data = Annotated[
    Path | None,
    typer.Option(
        help="Folder of real conversations (mathdial-dev.jsonl); sample data without it.",
        exists=True,
        file_okay=False,
    ),
]
Report = Annotated[Path | None, typer.Option(help="Write the report as JSON to this file.")]
State = Annotated[Path | None, typer.Option(help="Folder of the platform's state.")]
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


@app.command()
def token(
    subject: Annotated[str, typer.Option(help="Who the token is for.")] = "dev",
    scope: Annotated[
        list[str] | None, typer.Option(help="A scope; repeat for more. All of them by default.")
    ] = None,
    claim: Annotated[
        list[str] | None, typer.Option(help="A further claim, NAME=VALUE; repeat for more.")
    ] = None,
    audience: Annotated[
        str | None, typer.Option(help="The audience; the API's by default.")
    ] = None,
    expires: Annotated[float, typer.Option(help="Seconds until it expires.")] = 3600.0,
    state: State = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it with its claims.")] = False,
) -> None:
    """Mint a token that the local API accepts."""
    from keyline_deploy.systems import systems
    from keyline_local import Issuer
    from keyline_ops.running import local_issuer

    environment = load("local")
    issuer = Issuer(local_issuer(environment, state), (state or LOCAL_STATE) / "issuer")
    minted = issuer.mint(
        subject,
        audience=audience or environment.auth.audience,
        scopes=scope or [scope for system in systems() for scope in system.scopes],
        claims=dict(_claim(text) for text in claim or []),
        expires=expires,
    )
    if as_json:
        print(json.dumps({"token": minted, "subject": subject, "expires_in": expires}))
    else:
        print(minted)


@app.command()
def docs(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 if a page is stale.")
    ] = False,
) -> None:
    """Write each system's data-model page and API document, from its declaration and handlers."""
    from keyline_deploy.systems import systems
    from keyline_ops import docs as data_model
    from keyline_ops.openapi import files

    documents = files.stale(files.local_deployment())
    pages = data_model.stale(systems()) if check else data_model.write(systems())
    for path, text in documents.items():
        if not check:
            path.write_text(text, encoding="utf-8")
    changed = [*pages, *documents]
    for path in changed:
        print(f"{'stale' if check else 'written'}: {path.relative_to(ROOT)}")
    raise typer.Exit(1 if check and changed else 0)


@app.command()
def openapi(
    system: Annotated[str, typer.Argument(help="The system whose API is described.")],
    output: Annotated[
        Path | None, typer.Option(help="Write to this file, not to the terminal.")
    ] = None,
) -> None:
    """Describe a system's API as an OpenAPI 3.1 document, from its handlers."""
    from keyline_ops.openapi.files import document_of, local_deployment, text_of

    text = text_of(document_of(system, local_deployment()))
    if output is None:
        print(text, end="")
    else:
        output.write_text(text, encoding="utf-8")


@app.command()
def status(state: State = None) -> None:
    """Show what a running platform runs, as JSON."""
    print(json.dumps(_ask(state, "GET", "/status"), indent=2))


@app.command()
def sweep(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count only.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    state: State = None,
) -> None:
    """Delete what has expired now, as TTL does some time within days."""
    done = _ask(state, "POST", "/sweep", dry_run="1" if dry_run else "0")
    if as_json:
        print(json.dumps(done))
        return
    verb = "would be deleted from" if dry_run else "deleted from"
    for table, count in done["counts"].items():
        print(f"{count} expired items {verb} {table}")


@app.command()
def trigger(
    rule: Annotated[str, typer.Argument(help="Name of the scheduled rule; see `keyline status`.")],
    state: State = None,
) -> None:
    """Run a scheduled function now; the exit code is 1 if it failed."""
    results = _ask(state, "POST", f"/schedules/{rule}")
    for result in results:
        print(result["error"] or "succeeded", result["payload"])
    raise typer.Exit(1 if any(result["error"] for result in results) else 0)


def _ask(state: Path | None, method: str, path: str, **params: str) -> Any:
    from keyline_ops.running import ask_local

    return ask_local(load("local"), state, method, path, **params)


def _claim(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise KeylineError(f"--claim {text}", "is no NAME=VALUE.", "Write --claim student_id=456.")
    return name, value


def _run(options: Options) -> None:
    from keyline_ops.demo.run import run

    raise typer.Exit(asyncio.run(run(options, Console())))


def _tell(error: KeylineError, console: Console) -> None:
    """Print an error; brackets in it (`indexes[ByModule]`, a path) are text, no markup."""
    console.print(Text(error.path, "red") + Text(f": {error.message}"), soft_wrap=True)
    if error.suggestion:
        console.print(Text(error.suggestion), soft_wrap=True)


def main() -> None:
    """Run the command; an error that a user can act on is said in a few lines, with exit code 2."""
    try:
        app()
    except KeylineError as error:
        _tell(error, Console(stderr=True))
        sys.exit(2)
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(130)


if __name__ == "__main__":
    main()
