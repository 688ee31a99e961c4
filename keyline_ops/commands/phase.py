"""`keyline phase`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from keyline_deploy.project import LOCAL_STATE

app = typer.Typer()


@app.command()
def phase(
    to: Annotated[
        int | None, typer.Argument(help="The phase to go to; without it, show.", min=1, max=3)
    ] = None,
    environment: Annotated[
        str, typer.Option(help="The environment; local is the running platform.")
    ] = "local",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    state: Annotated[Path | None, typer.Option(help="Folder of the platform's state.")] = None,
) -> None:
    """Show or switch the phase of the interactions system's move from memory to DynamoDB."""
    from interactions.phase import Mode
    from keyline_deploy.environment import load
    from keyline_ops.phase import carry_out, parameter_store, plan

    known = load(environment)
    ssm = parameter_store(known, state or LOCAL_STATE)
    switch = plan(ssm, known, None if to is None else Mode(to))
    written = switch.changes and not dry_run
    if written:
        carry_out(ssm, switch)
    if as_json:
        said = {
            "parameter": switch.name,
            "before": switch.before,
            "after": switch.after,
            "written": written,
            "notes": switch.notes,
        }
        print(json.dumps(said, indent=2))
        return
    if switch.changes:
        verb = "is now" if written else "would be"
        print(f"{switch.name} {verb} {switch.after} (was {switch.before})")
    else:
        print(f"{switch.name} is {switch.before}")
    for note in switch.notes:
        print(f"  {note}")
