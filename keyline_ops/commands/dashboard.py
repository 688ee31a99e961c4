"""`keyline dashboard`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from keyline_ops.commands.options import AsJson, State

app = typer.Typer()

_HELP = """\
Draw the dashboards of the running local platform: states of alarms, and graphs of the last hour.

The graphs are those of the templates, with what the platform has measured. The page needs no
server: open it in a browser.

\b
Examples:
  keyline dashboard
  keyline dashboard --html dashboard.html
  keyline dashboard --json
"""


@app.command(help=_HELP)
def dashboard(
    html: Annotated[
        Path | None, typer.Option(dir_okay=False, help="The file; .keyline/dashboard.html without.")
    ] = None,
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """Draw the dashboards of the running local platform."""
    from keyline_deploy.environment import LOCAL, load
    from keyline_deploy.project import WORK
    from keyline_ops.dashboard import page
    from keyline_ops.running import ask_local

    answer = ask_local(load(LOCAL), state, "GET", "/dashboards")
    if as_json:
        print(json.dumps(answer, indent=2))
        return
    file = html or WORK / "dashboard.html"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page(answer), encoding="utf-8")
    print(f"{len(answer['dashboards'])} dashboards are in {file}.")
