"""`keyline requirements`: what is asked, and what proves it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keyline_ops.commands.examples import examples
from keyline_ops.commands.options import AsJson

app = typer.Typer()


@app.command(
    epilog=examples(
        "keyline requirements",
        "keyline requirements T-02 X-05 --json",
    ),
)
def requirements(
    lines: Annotated[
        list[str] | None,
        typer.Argument(help="Lines to show, such as T-02. Without one, counts are shown."),
    ] = None,
    only_open: Annotated[
        bool, typer.Option("--open", help="List the lines that no test proves, with the reason.")
    ] = False,
    results: Annotated[
        Path | None,
        typer.Option(help="What `make test` wrote: .reports/requirements.json.", exists=True),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the ledger of requirements: how much is proven, and by which tests.

    The exit code is 1 if a line that needs a test has neither a test nor a reason.
    """
    from keyline_deploy.project import ROOT
    from keyline_ops.requirements import show
    from keyline_ops.requirements.coverage import coverage, faults
    from keyline_ops.requirements.ledger import ledgers
    from keyline_ops.requirements.markers import proving_tests

    known, tests = ledgers(ROOT), proving_tests(ROOT)
    if lines or only_open:
        chosen = show.chosen(known, tests, lines or ())
        show.lines(chosen, tests, show.outcomes(results), as_json=as_json)
    else:
        show.counts(coverage(known, tests), as_json=as_json)
    wrong = faults(known, tests)
    show.faults(wrong)
    raise typer.Exit(1 if wrong else 0)
