"""`keyline cost`."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console

from keyline.errors import KeylineError, instead_of, named
from keyline_deploy.environment import load
from keyline_deploy.systems import names, part, systems
from keyline_ops.commands.options import AsJson

app = typer.Typer()


@app.command()
def cost(
    system: Annotated[
        str | None, typer.Argument(help="A system; all of them where none is named.")
    ] = None,
    environment: Annotated[
        str, typer.Option(help="Whose settings hold: retention, shards.")
    ] = "prod",
    region: Annotated[
        str | None, typer.Option(help="Whose prices hold; the environment's by default.")
    ] = None,
    stored: Annotated[
        list[str] | None,
        typer.Option(help="TABLE=ITEMS stored, where that is known; repeat for more."),
    ] = None,
    months: Annotated[
        float, typer.Option(min=0, max=1200, help="Months of items that nothing expires.")
    ] = 12,
    watching: Annotated[
        bool, typer.Option("--observability", help="What watching the environment costs instead.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Forecast what a system costs in a month, from its declaration and the price list."""
    if watching:
        _observability(environment, as_json)
        return
    from keyline_ops.costs.forecast import forecast, stored_items
    from keyline_ops.costs.prices import prices_of
    from keyline_ops.costs.show import as_json as to_json
    from keyline_ops.costs.show import show

    found = load(environment)
    prices = prices_of(region or found.region)
    asked = systems() if system is None else (named(system, systems(), "SYSTEM", "system"),)
    given = stored_items(stored or [], asked)
    forecasts = [
        forecast(
            each,
            found.settings(each.name, each.settings),
            prices,
            months=months,
            stored={table.name: given[table.name] for table in each.tables if table.name in given},
        )
        for each in asked
    ]
    if as_json:
        print(json.dumps(to_json(forecasts), indent=2))
        return
    for each in forecasts:
        show(each, Console())


def _observability(environment: str, as_json: bool) -> None:
    from keyline_deploy.synthesized import read_templates
    from keyline_ops.costs import observability
    from keyline_ops.synth import up_to_date

    templates = read_templates(up_to_date(environment))
    found = observability.observability(systems(), templates.values())
    if as_json:
        print(json.dumps(observability.as_json(found), indent=2))
        return
    observability.show(environment, found, Console())


@app.command()
def figures(
    system: Annotated[str, typer.Argument(help="The system whose specification is judged.")],
) -> None:
    """Print what a system's specification says of costs beside what is computed, in Markdown."""
    from keyline_ops.costs.figures import markdown

    found = {name: module for name in names() if (module := part(name, "figures"))}
    if system not in found:
        raise KeylineError("SYSTEM", f"{system} has no figures.", instead_of(system, found))
    print(markdown(found[system].FIGURES))
