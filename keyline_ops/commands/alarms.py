"""`keyline alarms`."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keyline.errors import KeylineError
from keyline_ops.alarms.cause import Cause
from keyline_ops.commands.examples import examples
from keyline_ops.commands.options import AsJson, State

if TYPE_CHECKING:
    from keyline_ops.alarms.replaying import Replay

app = typer.Typer()
alarms = typer.Typer(invoke_without_command=True)
app.add_typer(alarms, name="alarms")


@alarms.callback()
def list_command(
    context: typer.Context,
    environment: Annotated[
        str, typer.Option("--environment", "--env", help="Whose alarms; it is synthesized.")
    ] = "prod",
    live: Annotated[
        bool, typer.Option("--live", help="The states of the alarms on the local platform.")
    ] = False,
    recommended: Annotated[
        bool, typer.Option("--recommended", help="AWS's recommended alarms beside these.")
    ] = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="With --recommended: as docs/alarms.md has them.")
    ] = False,
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """List the alarms of an environment: what each watches and means, and how it was proven.

    Each alarm is driven from OK to ALARM and back by samples as AWS's services and our functions
    publish them. The exit code is 1 if that fails for one. Nothing is asked of AWS.
    """
    if context.invoked_subcommand:
        return
    if live:
        _print_live(state, as_json)
        return
    from rich.console import Console

    from keyline_deploy.environment import load
    from keyline_deploy.metric_catalogue import MetricCatalogue
    from keyline_deploy.metric_sources import MetricSources
    from keyline_deploy.synthesized import read_templates
    from keyline_deploy.systems import systems
    from keyline_ops.alarms import listing
    from keyline_ops.alarms import recommended as aws
    from keyline_ops.synth import up_to_date

    if recommended and as_markdown:
        print(aws.as_markdown())
        return
    templates = read_templates(up_to_date(environment))
    if recommended:
        beside = aws.held(templates)
        if as_json:
            print(json.dumps(aws.as_json(beside), indent=2))
        else:
            aws.show(beside, Console())
        return
    sources = MetricSources(systems(), load(environment))
    found = listing.listed(templates, MetricCatalogue(systems()), sources)
    if as_json:
        print(json.dumps(listing.as_json(found), indent=2))
    else:
        listing.show(found, Console())
    raise typer.Exit(1 if listing.unproven(found) else 0)


def _print_live(state: Path | None, as_json: bool) -> None:
    from rich.console import Console

    from keyline_deploy.environment import LOCAL, load
    from keyline_ops.alarms.live import show
    from keyline_ops.running import ask_local

    found = ask_local(load(LOCAL), state, "GET", "/alarms")
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        show(found, Console())


_DRILL = """\
Let five things go wrong on the running local platform, and see each alarm go off and end.

A table is throttled, a record is poison, a function dies, a schedule is silent, and a failure
queue is full. Time is moved, so that days pass in seconds: scheduled functions run on the way. The
poison record is an item with nothing but its key, which is deleted at once.

\b
Examples:
  keyline alarms drill
  keyline alarms drill throttle crash
  keyline alarms drill --system SYSTEM --json
  keyline alarms drill --dry-run

The exit code is 1 if an alarm did not go off, told nobody, or did not end.
"""


@alarms.command("drill", help=_DRILL)
def drill_command(
    causes: Annotated[
        list[Cause] | None, typer.Argument(help="What goes wrong; all five if none is named.")
    ] = None,
    system: Annotated[
        str | None, typer.Option(help="Whose alarms; the first system that has all it needs.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go wrong, and with what.")
    ] = False,
    as_json: AsJson = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the table as docs/runbooks/drill.md has it.")
    ] = False,
    state: State = None,
) -> None:
    """Let something go wrong, and see its alarm go off and end."""
    from functools import partial

    from rich.console import Console
    from rich.progress import Progress

    from keyline_deploy.environment import LOCAL, load
    from keyline_deploy.systems import systems
    from keyline_ops.alarms import drilled
    from keyline_ops.alarms.drill import Drill
    from keyline_ops.alarms.scenes import Scenes, choose
    from keyline_ops.running import RUN_SECONDS, ask_local

    environment = load(LOCAL)
    ask = partial(ask_local, environment, state, seconds=RUN_SECONDS)
    stage = choose(systems(), system)
    scenes = Scenes(stage, ask, environment, state).of(causes or list(Cause))
    if dry_run:
        for scene in scenes:
            print(f"{scene.cause}: {scene.stack}/{scene.alarm}, repaired by `{scene.repaired_by}`")
        return
    found = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("drill", total=len(scenes))
        for each in Drill(ask).play(scenes):
            found.append(each)
            progress.update(task, advance=1, description=each.cause)
    if as_json:
        print(json.dumps(drilled.as_json(found), indent=2))
    elif as_markdown:
        print(drilled.as_markdown(found))
    else:
        drilled.show(found, Console())
    raise typer.Exit(0 if all(each.holds for each in found) else 1)


def _time(text: str) -> datetime:
    """Read a time in UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.utcoffset() != timedelta():
        raise typer.BadParameter(f"{text} is not a time in UTC such as 2026-03-01T22:00Z.")
    return found


@alarms.command(
    "replay",
    epilog=examples(
        "keyline alarms replay --alarm alarm.json --series series.json",
        "keyline alarms replay --alarm alarm.json --metric-data data.json --json",
    ),
)
def replay_command(
    alarm: Annotated[
        Path | None, typer.Option(help="JSON file with the properties of the alarm.")
    ] = None,
    series: Annotated[
        Path | None, typer.Option(help="JSON file with samples and times (docs/alarms.md).")
    ] = None,
    metric_data: Annotated[
        Path | None, typer.Option(help="Output of `aws cloudwatch get-metric-data` instead.")
    ] = None,
    start: Annotated[
        datetime | None,
        typer.Option(
            parser=_time, metavar="TIME", help="With --metric-data: UTC, such as 2026-03-01T22:00Z."
        ),
    ] = None,
    end: Annotated[
        datetime | None,
        typer.Option(
            parser=_time, metavar="TIME", help="With --metric-data: the time after the last period."
        ),
    ] = None,
    pairs: Annotated[
        Path | None, typer.Option(help="JSON list of alarm and series paths, to replay many.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Replay an alarm over recorded samples: the state that it has after each evaluation.

    Nothing is asked of AWS. docs/alarms.md has the form of the files.
    """
    from keyline_ops.alarms.replaying import of_metric_data, of_pairs, of_series

    if (start or end) and not metric_data:
        raise KeylineError(
            "--start and --end",
            "are only for --metric-data.",
            "Give --metric-data, or leave them out.",
        )
    match alarm, series, metric_data, pairs:
        case None, None, None, Path():
            _print_many(of_pairs(pairs), as_json)
        case Path(), Path(), None, None:
            _print_one(of_series(alarm, series), as_json)
        case Path(), None, Path(), None:
            _print_one(of_metric_data(alarm, metric_data, start, end), as_json)
        case _:
            raise KeylineError(
                "alarms replay",
                "does not say what to replay.",
                "Give --alarm with --series or --metric-data, or --pairs alone.",
            )


def _print_one(replayed: Replay, as_json: bool) -> None:
    from keyline_ops.alarms.chart import chart

    print(json.dumps(_states(replayed)) if as_json else "\n".join(chart(replayed)))


def _print_many(replays: list[Replay | KeylineError], as_json: bool) -> None:
    from keyline_ops.alarms.chart import chart

    if as_json:
        told = [
            {"error": str(each)} if isinstance(each, KeylineError) else _states(each)
            for each in replays
        ]
        print(json.dumps({"replays": told}))
        return
    for each in replays:
        print(f"{each}\n" if isinstance(each, KeylineError) else "\n".join((*chart(each), "")))


def _states(replayed: Replay) -> dict[str, Any]:
    from keyline_ops.alarms.chart import told

    return {
        "states": [
            {"time": told(each.time), "state": each.state, "value": each.value}
            for each in replayed.evaluations
        ]
    }
