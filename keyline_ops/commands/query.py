"""`keyline query`."""

from __future__ import annotations

import json
from itertools import islice
from typing import Annotated

import typer

from keyline_ops.commands.options import AsJson, Environment, State

app = typer.Typer()

_HELP = """\
Read what one declared access pattern reads, for a look: locally or in an environment.

Only a pattern that reads one item or one page is taken. Values are texts of the types that the
declaration has; a range has two dots between its bounds. Expired items are left out. Values of
attributes that are named as secrets, such as a token, are hidden. On AWS the tables are read with
your own credentials, and the units are billed.

\b
Examples:
  keyline query                                  lists the patterns with their values
  keyline query PATTERN owner=ada
  keyline query PATTERN owner=ada timestamp=1767225600000..1767312000000 --limit 5
  keyline query PATTERN owner=ada --environment prod --json
"""


@app.command(help=_HELP)
def query(
    pattern: Annotated[
        str | None, typer.Argument(help="A read pattern by its name; all are listed without one.")
    ] = None,
    values: Annotated[
        list[str] | None, typer.Argument(metavar="NAME=VALUE...", help="What the pattern asks for.")
    ] = None,
    system: Annotated[
        str | None, typer.Option(help="The system, where several have a pattern of this name.")
    ] = None,
    environment: Environment = "local",
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="The most items.")] = 20,
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """Read what one declared access pattern reads, for a look."""
    from rich.console import Console

    from keyline.model import Query
    from keyline_deploy.environment import load
    from keyline_deploy.systems import systems
    from keyline_ops.deployed import deployed
    from keyline_ops.querying.pattern import find, readable, values_of
    from keyline_ops.querying.show import show, shown

    if pattern is None:
        known = [each for each in readable(systems()) if system in (None, each.system.name)]
        if as_json:
            told = [
                {
                    "system": each.system.name,
                    "pattern": each.pattern.name,
                    "values": list(each.pattern.parameters),
                    "why": each.pattern.why,
                }
                for each in known
            ]
            print(json.dumps(told, indent=2))
            return
        for each in known:
            print(f"{each.system.name}: {each.usage}\n  {each.pattern.why}")
        return
    read = find(pattern, system, systems())
    given = values_of(read, values or [])
    store = deployed(load(environment), state).store(read.system, connections=4)
    try:
        if isinstance(read.pattern, Query):
            items = list(islice(store.items(read.pattern, **given), limit))
        else:
            one = store.get(read.pattern, **given)
            items = [] if one is None else [one]
        units = sum(call.read for call in store.meter.calls)
    finally:
        store.close()
    if as_json:
        print(json.dumps([shown(item) for item in items], indent=2))
    else:
        show(items, units, Console())
