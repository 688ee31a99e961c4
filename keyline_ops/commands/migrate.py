"""`keyline migrate`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from keyline_ops.migrating.job import Job
    from keyline_ops.migrating.switching import Step as Switching

from keyline.errors import KeylineError
from keyline_ops.commands.options import AsJson, Environment, State
from keyline_ops.scanning.parallel import SEGMENTS

app = typer.Typer()


class Step(StrEnum):
    """A step of a migration."""

    PLAN = "plan"
    DUAL_WRITE = "dual-write"
    BACKFILL = "backfill"
    VERIFY = "verify"
    CUT_OVER = "cut-over"
    ROLL_BACK = "roll-back"
    CLEAN_UP = "clean-up"


_HELP = """\
Move a system's stored items to another table, or fill attributes that they lack.

Without a name, all backfills that the system declares are meant. TABLE/INDEX names the one that
fills an index. A plan shows both kinds, and those of all systems where none is named. Interrupted,
the same command goes on. docs/migrations.md has the whole way.

\b
Steps:
  plan         show the backfills, how far they are, and the next command
  dual-write   let the functions write both tables (phase 1)
  backfill     carry over what was stored before
  verify       compare both tables, or count what items still lack
  cut-over     let the target alone answer (phase 3), if it was verified
  roll-back    let the source answer again (phase 1)
  clean-up     back the source up and delete it, a week after the cut-over

\b
Examples:
  keyline migrate
  keyline migrate SYSTEM
  keyline migrate SYSTEM NAME --step backfill --dry-run
  keyline migrate SYSTEM NAME --step backfill --rate 500 --environment dev
  keyline migrate SYSTEM TABLE/INDEX --step backfill
  keyline migrate SYSTEM NAME --step verify --sample 0.1
  keyline migrate SYSTEM NAME --step clean-up --dry-run

The exit code is 1 if items were refused or the tables differ, 2 if a step could not be taken.
"""


@app.command(help=_HELP)
def migrate(
    system: Annotated[
        str | None, typer.Argument(help="The system whose items are moved; for a plan, all.")
    ] = None,
    name: Annotated[
        str | None, typer.Argument(help="A backfill, or TABLE/INDEX; all where none is named.")
    ] = None,
    step: Annotated[Step, typer.Option(help="What to do.")] = Step.PLAN,
    environment: Environment = "local",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")
    ] = False,
    segments: Annotated[
        int, typer.Option(min=1, max=64, help="Parts of the source that are read at once.")
    ] = SEGMENTS,
    rate: Annotated[
        float | None,
        typer.Option(
            min=0.1, max=100_000, help="The most items to write a second; no limit if left out."
        ),
    ] = None,
    sample: Annotated[
        float,
        typer.Option(min=0, max=1, help="The share of the items whose contents are compared."),
    ] = 1.0,
    force: Annotated[
        bool,
        typer.Option("--force", help="Cut over unverified, or clean up before the week is over."),
    ] = False,
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """Move stored items to another table, or fill attributes that they lack."""
    from keyline_deploy.environment import load
    from keyline_deploy.systems import names
    from keyline_ops.deployed import deployed
    from keyline_ops.migrating.declaration import backfills_of
    from keyline_ops.migrating.job import Job

    if system is None and step is not Step.PLAN:
        raise KeylineError(
            f"--step {step.value}",
            "needs a system.",
            "Name the system: keyline migrate SYSTEM --step STEP.",
        )
    where = deployed(load(environment), state)
    jobs = [
        Job(of.system, each, where, state)
        for of in map(backfills_of, names() if system is None else (system,))
        for each in (of.all if step is Step.PLAN and name is None else of.named(name, environment))
    ]
    match step:
        case Step.PLAN:
            _plan(jobs, as_json)
        case Step.BACKFILL:
            _backfill(jobs, segments, rate, dry_run, as_json)
        case Step.VERIFY:
            _verify(jobs, segments, sample, as_json)
        case Step.CLEAN_UP:
            _clean_up(jobs, state, force, dry_run, as_json)
        case _:
            _switch(cast("Switching", step.value), jobs, state, force, dry_run, as_json)


def _plan(jobs: list[Job], as_json: bool) -> None:
    from keyline_ops.migrating.show import planned, show_plan

    plans = [planned(job) for job in jobs]
    _print(plans, as_json, lambda console: show_plan(plans, console))


def _backfill(
    jobs: list[Job], segments: int, rate: float | None, dry_run: bool, as_json: bool
) -> None:
    from keyline_ops.migrating.show import outcome_json, show_outcome

    found = []
    for job in jobs:
        with _bar(job, done=0 if dry_run else job.progress.outcome.read) as tell:
            if dry_run:
                outcome = job.try_out(tell, segments=segments)
            else:
                outcome = job.run(tell, segments=segments, rate=rate).outcome
        found.append((job, outcome))

    def show(console: Console) -> None:
        for job, outcome in found:
            show_outcome(job, outcome, console, dry=dry_run)

    _print([outcome_json(job, outcome, dry=dry_run) for job, outcome in found], as_json, show)
    raise typer.Exit(1 if any(outcome.refused for _, outcome in found) else 0)


def _verify(jobs: list[Job], segments: int, sample: float, as_json: bool) -> None:
    from keyline_ops.migrating.show import show_verdict, verdict_json

    found = []
    for job in jobs:
        with _bar(job) as tell:
            found.append((job, job.verify(tell, share=sample, segments=segments)))

    def show(console: Console) -> None:
        for job, verdict in found:
            show_verdict(job, verdict, console)

    _print([verdict_json(job, verdict) for job, verdict in found], as_json, show)
    raise typer.Exit(0 if all(verdict.faultless for _, verdict in found) else 1)


def _switch(
    step: Switching, jobs: list[Job], state: Path | None, force: bool, dry_run: bool, as_json: bool
) -> None:
    from keyline_ops.migrating.switching import prepared, take

    change = prepared(step, jobs, state, force=force)
    if not dry_run:
        take(change, jobs, state)
    told: dict[str, Any] = {"step": step, "done": not dry_run, "notes": list(change.notes)}
    if switch := change.switch:
        told |= {"parameter": switch.name, "before": switch.before, "after": switch.after}

    def show(console: Console) -> None:
        if switch := change.switch:
            verb = "would be" if dry_run else "is now"
            line = f"{switch.name} {verb} {switch.after} (was {switch.before})"
            console.print(Text(line), soft_wrap=True)
        for note in change.notes:
            console.print(Text(note), soft_wrap=True)

    _print(told, as_json, show)


def _clean_up(
    jobs: list[Job], state: Path | None, force: bool, dry_run: bool, as_json: bool
) -> None:
    from keyline_ops.migrating.cleaning import carry_out, prepared

    tell = Console(stderr=True).print
    cleanings = [prepared(job, state, force=force) for job in jobs]
    told = []
    for cleaning in cleanings:
        saved = None if dry_run else carry_out(cleaning, state, tell)
        told.append({"table": cleaning.table, "deleted": not dry_run, "backup": saved})

    def show(console: Console) -> None:
        for cleaning, each in zip(cleanings, told, strict=True):
            lines = (
                cleaning.steps()
                if dry_run
                else [f"{each['table']} is deleted.", str(each["backup"])]
            )
            for line in lines:
                console.print(Text(line), soft_wrap=True)

    _print(told, as_json, show)


def _print(told: Any, as_json: bool, show: Callable[[Console], None]) -> None:
    if as_json:
        print(json.dumps(told, indent=2))
    else:
        show(Console())


@contextmanager
def _bar(job: Job, done: int = 0) -> Iterator[Callable[[int], None]]:
    """Show how far a step is and when it ends, on standard error."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(job.name, total=job.items() or None, completed=done)
        yield lambda items: bar.advance(task, items)
