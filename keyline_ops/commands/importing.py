"""`keyline import`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer()


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="Reports: a JSON list, or one JSON object a line.")],
    environment: Annotated[
        str, typer.Option(help="Into which environment; local is the running platform.")
    ] = "local",
    user_id: Annotated[
        str | None, typer.Option(help="The owner of reports that name none.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="RecordCheck every line; store nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    state: Annotated[Path | None, typer.Option(help="Folder of the platform's state.")] = None,
) -> None:
    """Import reports from a file; interrupted, the same command goes on.

    The exit code is 1 if lines were refused, 2 if the import could not go on.
    """
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

    from keyline.errors import KeylineError
    from keyline_deploy.environment import load
    from keyline_ops.importing.command import Asked, carry_out, show, try_out
    from keyline_ops.importing.command import as_json as to_json
    from systems.reports.importing import owner

    if not file.is_file():
        raise KeylineError(str(file), "is no file.", "Name a file of reports.")
    of_all = None if user_id is None else owner(user_id)
    asked = Asked(file, load(environment), of_all, state)
    columns = (BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("import", total=file.stat().st_size)
        told = (try_out if dry_run else carry_out)(
            asked, lambda position: bar.update(task, completed=position)
        )
    if as_json:
        print(json.dumps(to_json(told), indent=2))
    else:
        show(told, Console())
    raise typer.Exit(1 if told.progress.refused else 0)
