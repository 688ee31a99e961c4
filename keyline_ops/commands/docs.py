"""`keyline docs` and `openapi`: what is written from declarations and handlers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keyline_deploy.project import ROOT
from keyline_deploy.systems import systems
from keyline_ops import docs as data_model
from keyline_ops.commands.examples import examples
from keyline_ops.written import write_text

app = typer.Typer()


@app.command(
    epilog=examples(
        "keyline docs",
        "keyline docs --check",
        "keyline docs --site .keyline/site",
    ),
)
def docs(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 if a page is stale.")
    ] = False,
    site: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            file_okay=False,
            help="Build the site of all pages into this folder as well; what it holds is replaced.",
        ),
    ] = None,
    measured: Annotated[
        Path | None,
        typer.Option(
            metavar="REPORT",
            exists=True,
            dir_okay=False,
            help="Take what patterns consumed from a report of `make demo REPORT=...`.",
        ),
    ] = None,
) -> None:
    """Write what follows from the code: data models, API documents, pictures, the ledger."""
    if measured:
        from keyline_ops.site.measured import keep

        for path in keep(measured):
            print(f"written: {path.relative_to(ROOT)}")
    stale = _write(check)
    if site and not stale:
        from keyline_ops.site.build import build

        pages = build(site.resolve())
        print(f"{pages} pages: {site / 'index.html'}")
    raise typer.Exit(1 if stale else 0)


def _write(check: bool) -> bool:
    """Write the pages that follow from the code, or say whether one is stale."""
    from keyline_ops.diagrams import files as pictures
    from keyline_ops.openapi import files
    from keyline_ops.requirements import pages as ledger

    texts = files.stale(files.local_deployment()) | ledger.stale() | pictures.stale()
    models = data_model.stale(systems()) if check else data_model.write(systems())
    for path, text in texts.items():
        if not check:
            write_text(path, text)
    for path in [*models, *texts]:
        print(f"{'stale' if check else 'written'}: {path.relative_to(ROOT)}")
    return check and bool(models or texts)


@app.command(
    epilog=examples(
        "keyline openapi SYSTEM",
        "keyline openapi SYSTEM --output openapi.json",
    ),
)
def openapi(
    system: Annotated[str, typer.Argument(help="The system whose API is described.")],
    output: Annotated[
        Path | None,
        typer.Option(help="Write to this file, not to the terminal.", dir_okay=False),
    ] = None,
) -> None:
    """Describe a system's API as an OpenAPI 3.1 document, from its handlers."""
    from keyline_ops.openapi.files import document_of, local_deployment, text_of

    text = text_of(document_of(system, local_deployment()))
    if output is None:
        print(text, end="")
    else:
        write_text(output, text)
