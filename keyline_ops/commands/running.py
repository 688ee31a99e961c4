"""`keyline status`, `sweep` and `trigger`: what a running platform is asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from keyline.errors import KeylineError
from keyline_deploy.environment import load
from keyline_deploy.project import LOCAL_STATE
from keyline_ops.commands.examples import examples
from keyline_ops.commands.options import AsJson, State

app = typer.Typer()


@app.command(
    epilog=examples(
        "keyline status",
        "keyline status --json",
    ),
)
def status(as_json: AsJson = False, state: State = None) -> None:
    """Show what a running platform runs, and where."""
    from keyline_ops.run_record import Stage, running
    from keyline_ops.status import show

    folder = state or LOCAL_STATE
    run = running(folder)
    if run and run.stage is Stage.STARTING:
        raise KeylineError(str(folder), "the platform is starting.", "Ask again in a moment.")
    found = {
        "stage": run.stage if run else None,
        "pid": run.pid if run else None,
        **_ask(state, "GET", "/status"),
    }
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        show(found, Console())


@app.command(
    epilog=examples(
        "keyline sweep --dry-run",
        "keyline sweep",
    ),
)
def sweep(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count only.")] = False,
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """Delete what has expired now, as TTL does some time within days."""
    done = _ask(state, "POST", "/sweep", {"dry_run": "1" if dry_run else "0"})
    if as_json:
        print(json.dumps(done))
        return
    verb = "would be deleted from" if dry_run else "deleted from"
    for table, count in done["counts"].items():
        print(f"{count} expired items {verb} {table}")


@app.command(
    epilog=examples(
        "keyline trigger RULE",
    ),
)
def trigger(
    rule: Annotated[str, typer.Argument(help="Name of the scheduled rule; see `keyline status`.")],
    state: State = None,
) -> None:
    """Run a scheduled function now; the exit code is 1 if it failed."""
    results = _ask(state, "POST", f"/schedules/{rule}")
    for result in results:
        print(result["error"] or "succeeded", result["payload"])
    raise typer.Exit(1 if any(result["error"] for result in results) else 0)


def _ask(
    state: Path | None, method: str, path: str, params: Mapping[str, str] | None = None
) -> Any:
    from keyline_local import ask, issuer_url
    from keyline_ops.run_record import running
    from keyline_ops.running import ask_local

    if running(state or LOCAL_STATE):  # of another project's assembly: there is no environment
        return ask(issuer_url(state or LOCAL_STATE), method, path, params=params)
    return ask_local(load("local"), state, method, path, params=params)
