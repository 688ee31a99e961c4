"""`keyline cost` and `keyline figures`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from keyline.errors import KeylineError, instead_of, named
from keyline.model import System
from keyline_deploy.environment import load
from keyline_deploy.systems import names, part, systems
from keyline_ops.commands.examples import examples
from keyline_ops.commands.options import AsJson
from keyline_ops.written import write_text

if TYPE_CHECKING:
    from keyline_ops.costs.estimate import Estimate

app = typer.Typer()

_EXAMPLES = """\b
Examples:
  keyline cost chat
  keyline cost --scale --chart costs.svg
  keyline cost --from main --markdown
  keyline cost chat --measured report.json --days 1
"""


@app.command(epilog=_EXAMPLES)
def cost(
    system: Annotated[
        str | None, typer.Argument(help="A system; all of them where none is named.")
    ] = None,
    environment: Annotated[
        str, typer.Option("--environment", "--env", help="Whose settings hold: retention, shards.")
    ] = "prod",
    region: Annotated[
        str | None, typer.Option(help="Whose prices hold; the environment's by default.")
    ] = None,
    prices: Annotated[Path | None, typer.Option(help="A price file of your own.")] = None,
    stored: Annotated[
        list[str] | None,
        typer.Option(help="TABLE=ITEMS stored, where that is known; repeat for more."),
    ] = None,
    months: Annotated[
        float, typer.Option(min=0.03, max=1_200, help="Months of items that nothing expires.")
    ] = 12,
    invocations: Annotated[
        list[str] | None,
        typer.Option(help="SYSTEM/FUNCTION=NUMBER of a month, where known; repeat for more."),
    ] = None,
    measured: Annotated[
        Path | None, typer.Option(help="A run's report (make demo REPORT=) instead of rates.")
    ] = None,
    days: Annotated[
        float | None,
        typer.Option(
            min=0.001, max=3_660, help="Days of traffic that the run of --measured stands for."
        ),
    ] = None,
    dynamodb: Annotated[
        bool, typer.Option("--dynamodb", help="DynamoDB alone; nothing is synthesized.")
    ] = False,
    assembly: Annotated[
        Path | None,
        typer.Option(help="The cloud assembly whose alarms are counted; made by default."),
    ] = None,
    scale: Annotated[
        bool, typer.Option("--scale", help="From a million items to a billion.")
    ] = False,
    growth: Annotated[
        bool, typer.Option("--growth", help="Month by month, until as many expire as are created.")
    ] = False,
    old: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="What a change makes of it: a git revision, a checkout's folder, or the file that "
            "keyline cost --json printed.",
        ),
    ] = None,
    claims: Annotated[
        bool, typer.Option("--claims", help="The specifications' figures, computed again.")
    ] = False,
    watching: Annotated[
        bool, typer.Option("--observability", help="What watching the environment costs instead.")
    ] = False,
    as_json: AsJson = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Markdown, of --from, --scale, --growth, --claims.")
    ] = False,
    chart: Annotated[
        Path | None, typer.Option(help="An SVG file for the chart of --scale, --growth or --from.")
    ] = None,
) -> None:
    """Forecast what a system costs in a month, from its declaration and the price list."""
    views = {
        "--scale": scale,
        "--growth": growth,
        "--from": old is not None,
        "--claims": claims,
        "--observability": watching,
    }
    asked = [name for name, given in views.items() if given]
    _check_views(asked, markdown=markdown, chart=chart, as_json=as_json)
    chosen = systems() if system is None else (named(system, systems(), "SYSTEM", "system"),)
    if claims:
        _claims(chosen, as_json=as_json, markdown=markdown)
        return
    if watching:
        _observability(environment, as_json)
        return
    estimates = _estimates(
        chosen,
        environment=environment,
        region=region,
        prices=prices,
        stored=stored or [],
        months=months,
        invocations=invocations or [],
        measured=measured,
        days=days,
        assembly=assembly,
        dynamodb=dynamodb,
    )
    form = "json" if as_json else "markdown" if markdown else "table"
    if old is not None:
        again = _same_question(system, environment, months, dynamodb=dynamodb)
        _difference(estimates, old, again, form, chart)
    elif scale or growth:
        _growth(estimates, form, chart, by_size=scale)
    else:
        _forecasts(estimates, as_json)


def _check_views(
    asked: Sequence[str], *, markdown: bool, chart: Path | None, as_json: bool
) -> None:
    if len(asked) > 1:
        raise KeylineError(
            " and ".join(asked), "are two questions.", "Run the command once for each."
        )
    if markdown and as_json:
        raise KeylineError("--json and --markdown", "are two forms.", "Choose one of them.")
    if markdown and asked not in (["--from"], ["--scale"], ["--growth"], ["--claims"]):
        said = "is not written of this."
        raise KeylineError("--markdown", said, "Use it with --from, --scale, --growth or --claims.")
    if chart is not None and asked not in (["--from"], ["--scale"], ["--growth"]):
        said = "is not drawn of this."
        raise KeylineError("--chart", said, "Use it with --from, --scale or --growth.")
    if chart is not None and chart.suffix != ".svg":
        raise KeylineError(
            f"--chart {chart}", "is not an SVG file.", "Name one that ends with .svg."
        )


def _estimates(
    chosen: Sequence[System],
    *,
    environment: str,
    region: str | None,
    prices: Path | None,
    stored: list[str],
    months: float,
    invocations: list[str],
    measured: Path | None,
    days: float | None,
    assembly: Path | None,
    dynamodb: bool,
) -> list[Estimate]:
    from datetime import UTC, datetime

    from keyline_deploy.synthesized import read_templates
    from keyline_ops.costs.estimate import Estimate, watched
    from keyline_ops.costs.forecast import stored_items
    from keyline_ops.costs.measured import measured as of_report
    from keyline_ops.costs.prices import given_prices
    from keyline_ops.costs.services import known_invocations
    from keyline_ops.costs.usage import Usage

    found = load(environment)
    amounts = given_prices(prices, region or found.region)
    if warning := amounts.age_warning(datetime.now(UTC).date()):
        typer.echo(warning, err=True)
    items = stored_items(stored, chosen)
    given = known_invocations(invocations, tuple(chosen))
    if measured is not None and days is None:
        raise KeylineError(
            "--measured",
            "needs --days: a report does not tell for how many days of traffic it stands.",
            "Write --days 1 if the run is what one day has.",
        )
    templates = None if dynamodb else read_templates(assembly or _synthesized(environment))
    estimates = []
    for each in chosen:
        own = {table.name: items[table.name] for table in each.tables if table.name in items}
        usage = Usage.declared(each, months=months, stored=own)
        if measured is not None and days is not None:
            usage = of_report(each, usage, measured, days)
        estimates.append(
            Estimate(
                system=each,
                environment=found,
                prices=amounts,
                usage=usage,
                watched=None
                if templates is None
                else watched(each, environment, templates, amounts),
                invocations=given[each.name],
            )
        )
    return estimates


def _synthesized(environment: str) -> Path:
    from keyline_ops.synth import up_to_date

    with Console(stderr=True).status(f"Synthesizing {environment} to count its alarms"):
        return up_to_date(environment)


def _forecasts(estimates: Sequence[Estimate], as_json: bool) -> None:
    from keyline_ops.costs.show import as_json as to_json
    from keyline_ops.costs.show import show

    forecasts = [each.forecast() for each in estimates]
    if as_json:
        print(json.dumps(to_json(forecasts), indent=2))
        return
    for each in forecasts:
        show(each, Console())


def _growth(estimates: Sequence[Estimate], form: str, chart: Path | None, *, by_size: bool) -> None:
    from keyline_ops.costs import growth

    over = growth.over_sizes if by_size else growth.over_months
    points = [point for each in estimates for point in over(each)]
    if form == "json":
        print(json.dumps([point.as_json() for point in points], indent=2))
    elif form == "markdown":
        print(growth.markdown(points))
    else:
        growth.show(points, Console())
    if chart is not None:
        _write(chart, growth.chart(points, by_size=by_size))


def _difference(
    estimates: Sequence[Estimate],
    old: str,
    again: Sequence[str],
    form: str,
    chart: Path | None,
) -> None:
    from keyline_ops.costs import difference, revision
    from keyline_ops.costs.chart import bars
    from keyline_ops.costs.show import as_json as to_json

    with Console(stderr=True).status(f"Computing the costs of {old}"):
        before = revision.told_by(old, again, estimates[0].environment.name)
    names_asked = {each.system.name for each in estimates}
    after = difference.read_forecasts(
        json.dumps(to_json([each.forecast() for each in estimates])), "this forecast"
    )
    if len(estimates) < len(systems()):
        before = [each for each in before if each.system in names_asked]
    found = difference.difference(before, after)
    forms: dict[str, Callable[[], Any]] = {
        "json": lambda: print(json.dumps(difference.as_json(found), indent=2)),
        "markdown": lambda: print(difference.markdown(found)),
        "table": lambda: difference.show(found, Console()),
    }
    forms[form]()
    if chart is not None:
        _write(chart, bars("What changes, USD a month", difference.bars_of(found)))


def _same_question(
    system: str | None, environment: str, months: float, *, dynamodb: bool
) -> list[str]:
    """Return the arguments by which another revision is asked the same."""
    chosen = [system] if system else []
    alone = ["--dynamodb"] if dynamodb else []
    return [
        "cost",
        *chosen,
        "--environment",
        environment,
        "--months",
        f"{months:g}",
        *alone,
        "--json",
    ]


def _write(file: Path, text: str) -> None:
    write_text(file, text)
    typer.echo(f"Chart written to {file}.", err=True)


def _claims(chosen: Sequence[System], *, as_json: bool, markdown: bool) -> None:
    from keyline_ops.costs import claims

    parts = ((each.name, part(each.name, "figures")) for each in chosen)
    found = [(name, figure) for name, module in parts if module for figure in module.FIGURES]
    if as_json:
        print(json.dumps(claims.as_json(found), indent=2))
    elif markdown:
        print(claims.markdown(found))
    else:
        claims.show(found, Console())


def _observability(environment: str, as_json: bool) -> None:
    from keyline_deploy.synthesized import read_templates
    from keyline_ops.costs import observability

    templates = read_templates(_synthesized(environment))
    found = observability.observability(systems(), templates.values())
    if as_json:
        print(json.dumps(observability.as_json(found), indent=2))
        return
    observability.show(environment, found, Console())


@app.command(
    epilog=examples(
        "keyline figures SYSTEM",
    ),
)
def figures(
    system: Annotated[str, typer.Argument(help="The system whose specification is judged.")],
) -> None:
    """Print what a system's specification says of costs beside what is computed, in Markdown."""
    from keyline_ops.costs.figures import markdown

    found = {name: module for name in names() if (module := part(name, "figures"))}
    if system not in found:
        raise KeylineError("SYSTEM", f"{system} has no figures.", instead_of(system, found))
    print(markdown(found[system].FIGURES))
