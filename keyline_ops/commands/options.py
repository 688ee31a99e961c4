"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Environment = Annotated[str, typer.Option(help="The environment; local is the running platform.")]
State = Annotated[Path | None, typer.Option(help="Folder of the platform's state.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check and say; change nothing.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
