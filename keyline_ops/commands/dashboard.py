"""`keyline dashboard`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from keyline_ops.commands.options import AsJson, State
from keyline_ops.written import write_text

app = typer.Typer()

_HELP = """\
Draw the dashboards of an environment: the overview, and that of each system.

The graphs are those of the synthesized templates. Where the local platform runs, they have what it
has measured in the last hour. The page needs no server: open it in a browser. Nothing is asked of
AWS.

\b
Examples:
  keyline dashboard
  keyline dashboard --environment prod --html dashboard.html
  keyline dashboard --json
"""


@app.command(help=_HELP)
def dashboard(
    environment: Annotated[
        str, typer.Option("--environment", "--env", help="Whose dashboards; it is synthesized.")
    ] = "local",
    html: Annotated[
        Path | None, typer.Option(dir_okay=False, help="The file; .keyline/dashboard.html without.")
    ] = None,
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """Draw the dashboards of an environment."""
    from functools import partial

    from keyline_deploy.environment import LOCAL, load
    from keyline_deploy.project import WORK
    from keyline_deploy.synthesized import read_templates
    from keyline_ops.dashboard import page
    from keyline_ops.environment_dashboards import dashboards
    from keyline_ops.running import ask_local, local_issuer
    from keyline_ops.synth import up_to_date
    from keyline_ops.words import count_of

    load(environment)  # refuses an unknown one before anything is asked
    if state is not None:
        local_issuer(load(LOCAL), state)  # refuses a folder on which nothing runs
    answer = dashboards(
        environment,
        lambda: read_templates(up_to_date(environment)),
        partial(ask_local, load(LOCAL), state, "GET", "/dashboards"),
    )
    if as_json:
        print(json.dumps(answer, indent=2))
        return
    file = html or WORK / "dashboard.html"
    write_text(file, page(answer))
    measured = "" if answer["time"] else ", without values: the local platform does not run"
    print(f"{count_of(len(answer['dashboards']), 'dashboard')} in {file}{measured}.")
