"""The `keyline` command: its parts put together, and its errors said."""

from __future__ import annotations

import asyncio
import errno
import sys

import typer
from rich.console import Console
from rich.text import Text

from keyline.errors import KeylineError
from keyline_ops.commands import (
    alarms,
    bootstrap,
    check,
    costs,
    dashboard,
    deploy,
    destroy,
    docs,
    down,
    importing,
    invoke,
    local,
    logs,
    migrate,
    new,
    phase,
    plan,
    query,
    recovery,
    redrive,
    requirements,
    running,
    smoke,
    tables,
    token,
    up,
    workflow_roles,
)
from keyline_ops.commands.of_systems import OfSystems
from keyline_ops.printing import forget_output

app = typer.Typer(
    cls=OfSystems,
    help="A DynamoDB data layer from one declaration: run it, try it, call it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EPIPE)
"""Errors of a full disk, or of a reader that is gone."""

PARTS = (
    *(up, down, new, check, plan, bootstrap, deploy, destroy, token, logs, docs, running),
    *(invoke, costs, phase, migrate, importing, tables, recovery, alarms, redrive, requirements),
    *(local,),
    *(query, dashboard, smoke, workflow_roles),
)
for part in PARTS:
    app.add_typer(part.app)


def _tell(error: KeylineError, console: Console) -> None:
    """Print an error; brackets in it (`indexes[ByModule]`, a path) are text, no markup."""
    console.print(Text(error.path, "red") + Text(f": {error.message}"), soft_wrap=True)
    if error.suggestion:
        console.print(Text(error.suggestion), soft_wrap=True)


def main() -> None:
    """Run the command; an error that a user can act on is said in a few lines, with exit code 2."""
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except KeylineError as error:
        _tell(error, Console(stderr=True))
        sys.exit(2)
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        forget_output()
        said = f"cannot be written: {error.strerror}."
        where, advice = error.filename or "the output", "Make space, or write to another place."
        _tell(KeylineError(str(where), said, advice), Console(stderr=True))
        sys.exit(2)
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(130)


if __name__ == "__main__":
    main()
