"""`keyline docs` and `openapi`: what is written from declarations and handlers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keyline_deploy.project import ROOT
from keyline_deploy.systems import systems
from keyline_ops import docs as data_model

app = typer.Typer()


@app.command()
def docs(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 if a page is stale.")
    ] = False,
) -> None:
    """Write what follows from the code: data models, API documents, and the tests of the ledger."""
    from keyline_ops.openapi import files
    from keyline_ops.requirements import pages as ledger

    documents = files.stale(files.local_deployment()) | ledger.stale()
    pages = data_model.stale(systems()) if check else data_model.write(systems())
    for path, text in documents.items():
        if not check:
            path.write_text(text, encoding="utf-8")
    changed = [*pages, *documents]
    for path in changed:
        print(f"{'stale' if check else 'written'}: {path.relative_to(ROOT)}")
    raise typer.Exit(1 if check and changed else 0)


@app.command()
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
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
