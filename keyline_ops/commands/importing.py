"""`keyline import`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperCommand

from keyline.errors import KeylineError
from keyline_deploy.environment import load
from keyline_ops.commands.examples import examples
from keyline_ops.commands.options import AsJson, Environment, State
from keyline_ops.importing.declaration import import_of, imports
from keyline_ops.importing.options import described, options_of

app = typer.Typer()

_EXAMPLES = examples(
    "keyline import SYSTEM records.jsonl --dry-run",
    "keyline import SYSTEM records.jsonl --set NAME=VALUE",
)


class WithOptionsOfSystems(TyperCommand):
    """A command whose help ends with the options of each system's import."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help; only then is a system's import looked at."""
        told = [
            f"{system} takes --set {name}=VALUE: {text}"
            for system, declared in imports().items()
            for name, text in described(declared.options).items()
        ]
        takes = f"Systems with an import: {', '.join(imports())}."
        self.epilog = "\n\n".join([takes, *told, _EXAMPLES])
        super().format_help(ctx, formatter)


@app.command("import", cls=WithOptionsOfSystems, epilog=_EXAMPLES)
def import_(
    system: Annotated[str, typer.Argument(help="The system that takes the records.")],
    file: Annotated[Path, typer.Argument(help="Records: a JSON list, or one JSON object a line.")],
    environment: Environment = "local",
    options: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="An option of the system's import; repeat for more."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check every line; store nothing.")
    ] = False,
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """Import records from a file; interrupted, the same command goes on.

    The exit code is 1 if lines were refused, 2 if the import could not go on.
    """
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

    from keyline_ops.importing import command

    declared = import_of(system)
    if not file.is_file():
        raise KeylineError(str(file), "is not a file.", "Name a file of records.")
    given = options_of(options or [], declared.options)
    job = command.Job(declared, given, file, load(environment), state)
    columns = (BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("import", total=file.stat().st_size)
        summary = (command.try_out if dry_run else command.carry_out)(
            job, lambda position: bar.update(task, completed=position)
        )
    if as_json:
        print(json.dumps(command.as_json(summary), indent=2))
    else:
        command.show(summary, Console())
    raise typer.Exit(1 if summary.progress.refused else 0)
