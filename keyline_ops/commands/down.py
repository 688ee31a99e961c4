"""`keyline down`."""

from __future__ import annotations

import typer

from keyline_deploy.project import LOCAL_STATE
from keyline_ops.commands.examples import examples
from keyline_ops.commands.options import State

app = typer.Typer()


@app.command(
    epilog=examples(
        "keyline down",
        "keyline down --state FOLDER",
    ),
)
def down(state: State = None) -> None:
    """Stop the platform that runs on a state folder, wherever it was started; its data stays."""
    from keyline_ops.detached import stop

    folder = state or LOCAL_STATE
    print("Stopped." if stop(folder) else f"No local platform runs on {folder}.")
