"""`keyline down`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keyline_deploy.project import LOCAL_STATE

app = typer.Typer()


@app.command()
def down(
    state: Annotated[Path | None, typer.Option(help="Folder of the platform's state.")] = None,
) -> None:
    """Stop the platform that runs on a state folder, wherever it was started; its data stays."""
    from keyline_ops.detached import stop

    folder = state or LOCAL_STATE
    print("Stopped." if stop(folder) else f"No local platform runs on {folder}.")
